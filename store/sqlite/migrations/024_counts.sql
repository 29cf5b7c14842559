-- +goose Up
-- +goose StatementBegin
-- What else says whether an answer is awaited, of what came: the copy as its delivery has it,
-- and when the result of what was handed over is late (0: nothing was) and was given back.
ALTER TABLE filing ADD COLUMN copy INTEGER NOT NULL DEFAULT 0;
ALTER TABLE filing ADD COLUMN handed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE filing ADD COLUMN given INTEGER NOT NULL DEFAULT 0;
UPDATE filing SET copy = d.copy FROM delivery d WHERE filing.way = 2 AND d.id = filing.id AND d.copy <> 0;
UPDATE filing SET handed = h.due, given = h.answered FROM handover h WHERE h.way = 2 AND h.filing = filing.n;
CREATE TRIGGER handover_filed AFTER INSERT ON handover WHEN NEW.way = 2 BEGIN
	UPDATE filing SET handed = NEW.due, given = NEW.answered WHERE n = NEW.filing;
END;
CREATE TRIGGER handover_answered AFTER UPDATE ON handover WHEN NEW.way = 2 BEGIN
	UPDATE filing SET handed = NEW.due, given = NEW.answered WHERE n = NEW.filing;
END;
CREATE TRIGGER handover_gone AFTER DELETE ON handover WHEN OLD.way = 2 BEGIN
	UPDATE filing SET handed = 0, given = 0 WHERE n = OLD.filing;
END;
CREATE TRIGGER delivery_copied AFTER UPDATE ON delivery WHEN OLD.copy <> NEW.copy AND NEW.home = 1 BEGIN
	UPDATE filing SET copy = NEW.copy WHERE id = NEW.id AND way = 2;
END;

-- What statistics are added up from: counts of filings and of deliveries that were sent, by
-- agency and day (Vietnam's, in days since 1970). The triggers keep them at what their rows
-- say, whatever changes these. A filing counts under the moments that still make it late:
-- due_open until it is acknowledged, answer_open until it is answered.
CREATE TABLE filing_count (
	agency_id       TEXT NOT NULL,
	way             INTEGER NOT NULL,
	day             INTEGER NOT NULL,
	dossier         INTEGER NOT NULL,
	status          INTEGER NOT NULL,
	due_open        INTEGER NOT NULL,
	answer_open     INTEGER NOT NULL,
	documents       INTEGER NOT NULL,
	on_time         INTEGER NOT NULL,
	late            INTEGER NOT NULL,
	acknowledged    INTEGER NOT NULL,
	acknowledge_sum INTEGER NOT NULL,
	answers         INTEGER NOT NULL,
	answers_on_time INTEGER NOT NULL,
	answers_late    INTEGER NOT NULL,
	finished        INTEGER NOT NULL,
	finish_sum      INTEGER NOT NULL,
	PRIMARY KEY (agency_id, way, day, dossier, status, due_open, answer_open)
) STRICT, WITHOUT ROWID;
CREATE INDEX filing_count_none ON filing_count (documents) WHERE documents = 0;

-- What one filing adds to its count. A dossier that was handed over is answered by its
-- result, any other letter by being done; nobody waits for what was refused, recalled or
-- superseded.
CREATE VIEW filing_share AS SELECT n, agency_id, way, (at + 25200000000) / 86400000000 AS day, dossier, status,
	iif(way = 2 AND acknowledged = 0, due, 0) AS due_open, iif(answered = 0, wanted, 0) AS answer_open,
	iif(way = 1, at < due, acknowledged <> 0 AND acknowledged < due) AS on_time,
	due <> 0 AND iif(way = 1, at, acknowledged) >= due AS late,
	acknowledged <> 0 AS acknowledged, iif(acknowledged <> 0, acknowledged - at, 0) AS acknowledge_sum,
	wanted <> 0 AS answers, wanted <> 0 AND answered <> 0 AND answered < wanted AS answers_on_time,
	wanted <> 0 AND answered <> 0 AND answered >= wanted AS answers_late,
	finished <> 0 AS finished, iif(finished <> 0, finished - at, 0) AS finish_sum
	FROM (SELECT *, handed <> 0 AND copy NOT IN (2, 3) AS dossier, iif(handed <> 0, given, finished) AS answered,
		iif(answer_by = 0 OR status = 2 OR copy >= 2, 0, iif(handed <> 0, handed, answer_by)) AS wanted
		FROM (SELECT n, agency_id, way, at, due, answer_by, status, acknowledged, finished, copy, handed, given FROM filing));

CREATE TRIGGER filing_counted AFTER INSERT ON filing BEGIN
	INSERT INTO filing_count SELECT agency_id, way, day, dossier, status, due_open, answer_open, 1, on_time, late,
		acknowledged, acknowledge_sum, answers, answers_on_time, answers_late, finished, finish_sum FROM filing_share WHERE n = NEW.n
	ON CONFLICT DO UPDATE SET documents = documents + 1, on_time = on_time + excluded.on_time, late = late + excluded.late,
		acknowledged = acknowledged + excluded.acknowledged, acknowledge_sum = acknowledge_sum + excluded.acknowledge_sum,
		answers = answers + excluded.answers, answers_on_time = answers_on_time + excluded.answers_on_time,
		answers_late = answers_late + excluded.answers_late, finished = finished + excluded.finished, finish_sum = finish_sum + excluded.finish_sum;
END;
CREATE TRIGGER filing_uncounted BEFORE DELETE ON filing BEGIN
	UPDATE filing_count SET documents = documents - 1, on_time = filing_count.on_time - s.on_time, late = filing_count.late - s.late,
		acknowledged = filing_count.acknowledged - s.acknowledged, acknowledge_sum = filing_count.acknowledge_sum - s.acknowledge_sum,
		answers = filing_count.answers - s.answers, answers_on_time = filing_count.answers_on_time - s.answers_on_time,
		answers_late = filing_count.answers_late - s.answers_late, finished = filing_count.finished - s.finished, finish_sum = filing_count.finish_sum - s.finish_sum
		FROM filing_share s WHERE s.n = OLD.n AND (filing_count.agency_id, filing_count.way, filing_count.day, filing_count.dossier, filing_count.status,
			filing_count.due_open, filing_count.answer_open) = (s.agency_id, s.way, s.day, s.dossier, s.status, s.due_open, s.answer_open);
	DELETE FROM filing_count WHERE documents = 0;
END;
-- A row that changes is taken out as it was, and counted as it is.
CREATE TRIGGER filing_recount BEFORE UPDATE OF agency_id, way, at, status, due, answer_by, acknowledged, finished, copy, handed, given ON filing BEGIN
	UPDATE filing_count SET documents = documents - 1, on_time = filing_count.on_time - s.on_time, late = filing_count.late - s.late,
		acknowledged = filing_count.acknowledged - s.acknowledged, acknowledge_sum = filing_count.acknowledge_sum - s.acknowledge_sum,
		answers = filing_count.answers - s.answers, answers_on_time = filing_count.answers_on_time - s.answers_on_time,
		answers_late = filing_count.answers_late - s.answers_late, finished = filing_count.finished - s.finished, finish_sum = filing_count.finish_sum - s.finish_sum
		FROM filing_share s WHERE s.n = OLD.n AND (filing_count.agency_id, filing_count.way, filing_count.day, filing_count.dossier, filing_count.status,
			filing_count.due_open, filing_count.answer_open) = (s.agency_id, s.way, s.day, s.dossier, s.status, s.due_open, s.answer_open);
	DELETE FROM filing_count WHERE documents = 0;
END;
CREATE TRIGGER filing_recounted AFTER UPDATE OF agency_id, way, at, status, due, answer_by, acknowledged, finished, copy, handed, given ON filing BEGIN
	INSERT INTO filing_count SELECT agency_id, way, day, dossier, status, due_open, answer_open, 1, on_time, late,
		acknowledged, acknowledge_sum, answers, answers_on_time, answers_late, finished, finish_sum FROM filing_share WHERE n = NEW.n
	ON CONFLICT DO UPDATE SET documents = documents + 1, on_time = on_time + excluded.on_time, late = late + excluded.late,
		acknowledged = acknowledged + excluded.acknowledged, acknowledge_sum = acknowledge_sum + excluded.acknowledge_sum,
		answers = answers + excluded.answers, answers_on_time = answers_on_time + excluded.answers_on_time,
		answers_late = answers_late + excluded.answers_late, finished = finished + excluded.finished, finish_sum = finish_sum + excluded.finish_sum;
END;

CREATE TABLE sent_count (
	agency_id  TEXT NOT NULL,
	day        INTEGER NOT NULL,
	state      INTEGER NOT NULL,
	status     INTEGER NOT NULL,
	deliveries INTEGER NOT NULL,
	arrived    INTEGER NOT NULL,
	arrive_sum INTEGER NOT NULL,
	PRIMARY KEY (agency_id, day, state, status)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER delivery_counted AFTER INSERT ON delivery WHEN NEW.from_peer = '' BEGIN
	INSERT INTO sent_count VALUES (NEW.origin_agency_id, (NEW.created + 25200000000) / 86400000000, NEW.state, NEW.status, 1,
		NEW.arrived <> 0, iif(NEW.arrived <> 0, NEW.arrived - NEW.created, 0))
	ON CONFLICT DO UPDATE SET deliveries = deliveries + 1, arrived = arrived + excluded.arrived, arrive_sum = arrive_sum + excluded.arrive_sum;
END;
CREATE TRIGGER delivery_uncounted AFTER DELETE ON delivery WHEN OLD.from_peer = '' BEGIN
	UPDATE sent_count SET deliveries = deliveries - 1, arrived = arrived - (OLD.arrived <> 0), arrive_sum = arrive_sum - iif(OLD.arrived <> 0, OLD.arrived - OLD.created, 0)
		WHERE agency_id = OLD.origin_agency_id AND day = (OLD.created + 25200000000) / 86400000000 AND state = OLD.state AND status = OLD.status;
END;
CREATE TRIGGER delivery_recounted AFTER UPDATE ON delivery WHEN (OLD.from_peer = '' OR NEW.from_peer = '')
	AND (OLD.state, OLD.status, OLD.arrived, OLD.created, OLD.from_peer) <> (NEW.state, NEW.status, NEW.arrived, NEW.created, NEW.from_peer) BEGIN
	UPDATE sent_count SET deliveries = deliveries - 1, arrived = arrived - (OLD.arrived <> 0), arrive_sum = arrive_sum - iif(OLD.arrived <> 0, OLD.arrived - OLD.created, 0)
		WHERE OLD.from_peer = '' AND agency_id = OLD.origin_agency_id AND day = (OLD.created + 25200000000) / 86400000000 AND state = OLD.state AND status = OLD.status;
	INSERT INTO sent_count SELECT NEW.origin_agency_id, (NEW.created + 25200000000) / 86400000000, NEW.state, NEW.status, 1,
		NEW.arrived <> 0, iif(NEW.arrived <> 0, NEW.arrived - NEW.created, 0) WHERE NEW.from_peer = ''
	ON CONFLICT DO UPDATE SET deliveries = deliveries + 1, arrived = arrived + excluded.arrived, arrive_sum = arrive_sum + excluded.arrive_sum;
END;

INSERT INTO filing_count SELECT agency_id, way, day, dossier, status, due_open, answer_open, count(*), sum(on_time), sum(late), sum(acknowledged), sum(acknowledge_sum),
	sum(answers), sum(answers_on_time), sum(answers_late), sum(finished), sum(finish_sum) FROM filing_share GROUP BY 1, 2, 3, 4, 5, 6, 7;
INSERT INTO sent_count SELECT origin_agency_id, (created + 25200000000) / 86400000000, state, status, count(*), sum(arrived <> 0),
	sum(iif(arrived <> 0, arrived - created, 0)) FROM delivery WHERE from_peer = '' GROUP BY 1, 2, 3, 4;
-- What is counted is not walked through any more.
DROP INDEX filing_at;
DROP INDEX delivery_sent_created;
-- +goose StatementEnd
