-- +goose Up
-- +goose StatementBegin
-- What else says whether an answer is awaited, of what came: the copy as its delivery has it,
-- and when the result of what was handed over is late (0: nothing was) and was given back.
ALTER TABLE filing ADD COLUMN copy smallint NOT NULL DEFAULT 0, ADD COLUMN handed bigint NOT NULL DEFAULT 0, ADD COLUMN given bigint NOT NULL DEFAULT 0;
UPDATE filing SET copy = d.copy FROM delivery d WHERE filing.way = 2 AND d.id = filing.id AND d.copy <> 0;
UPDATE filing SET handed = h.due, given = h.answered FROM handover h WHERE h.way = 2 AND h.filing = filing.n;
CREATE FUNCTION file_handover() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF TG_OP = 'DELETE' THEN UPDATE filing SET handed = 0, given = 0 WHERE n = OLD.filing;
	ELSE UPDATE filing SET handed = NEW.due, given = NEW.answered WHERE n = NEW.filing; END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER handover_filed AFTER INSERT OR UPDATE ON handover FOR EACH ROW WHEN (NEW.way = 2) EXECUTE FUNCTION file_handover();
CREATE TRIGGER handover_gone AFTER DELETE ON handover FOR EACH ROW WHEN (OLD.way = 2) EXECUTE FUNCTION file_handover();
CREATE FUNCTION file_copy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	UPDATE filing SET copy = NEW.copy WHERE id = NEW.id AND way = 2;
	RETURN NULL;
END $$;
CREATE TRIGGER delivery_copied AFTER UPDATE ON delivery FOR EACH ROW WHEN (OLD.copy <> NEW.copy AND NEW.home) EXECUTE FUNCTION file_copy();

-- What statistics are added up from: counts of filings and of deliveries that were sent, by
-- agency and day (Vietnam's, in days since 1970). The triggers keep them at what their rows
-- say, whatever changes these. A filing counts under the moments that still make it late:
-- due_open until it is acknowledged, answer_open until it is answered.
--
-- The count of a day is one row that all letters of the day change. So a session that writes
-- much gathers its changes in temporary tables of its own, and adds them up once before it
-- commits (gather in package postgres); any other changes the counts row by row.
CREATE TABLE filing_count (
	agency_id       text COLLATE "C" NOT NULL,
	way             smallint NOT NULL,
	day             integer NOT NULL,
	dossier         boolean NOT NULL,
	status          bigint NOT NULL,
	due_open        bigint NOT NULL,
	answer_open     bigint NOT NULL,
	documents       bigint NOT NULL,
	on_time         bigint NOT NULL,
	late            bigint NOT NULL,
	acknowledged    bigint NOT NULL,
	acknowledge_sum bigint NOT NULL,
	answers         bigint NOT NULL,
	answers_on_time bigint NOT NULL,
	answers_late    bigint NOT NULL,
	finished        bigint NOT NULL,
	finish_sum      bigint NOT NULL,
	CONSTRAINT filing_count_key PRIMARY KEY (agency_id, way, day, dossier, status, due_open, answer_open)
);
CREATE INDEX filing_count_none ON filing_count (documents) WHERE documents = 0;

-- What one filing adds to its count. A dossier that was handed over is answered by its
-- result, any other letter by being done; nobody waits for what was refused, recalled or
-- superseded.
CREATE FUNCTION filing_share(f filing, sign integer) RETURNS SETOF filing_count LANGUAGE sql IMMUTABLE AS $$
	SELECT f.agency_id, f.way, ((f.at + 25200000000) / 86400000000)::integer, f.handed <> 0 AND f.copy NOT IN (2, 3), f.status,
		CASE WHEN f.way = 2 AND f.acknowledged = 0 THEN f.due ELSE 0 END,
		CASE WHEN answered = 0 THEN wanted ELSE 0 END,
		sign::bigint,
		sign * (CASE WHEN f.way = 1 THEN f.at < f.due ELSE f.acknowledged <> 0 AND f.acknowledged < f.due END)::integer::bigint,
		sign * (f.due <> 0 AND CASE WHEN f.way = 1 THEN f.at ELSE f.acknowledged END >= f.due)::integer::bigint,
		sign * (f.acknowledged <> 0)::integer::bigint, sign * CASE WHEN f.acknowledged <> 0 THEN f.acknowledged - f.at ELSE 0 END,
		sign * (wanted <> 0)::integer::bigint,
		sign * (wanted <> 0 AND answered <> 0 AND answered < wanted)::integer::bigint,
		sign * (wanted <> 0 AND answered <> 0 AND answered >= wanted)::integer::bigint,
		sign * (f.finished <> 0)::integer::bigint, sign * CASE WHEN f.finished <> 0 THEN f.finished - f.at ELSE 0 END
	FROM (SELECT CASE WHEN f.handed <> 0 THEN f.given ELSE f.finished END AS answered,
		CASE WHEN f.answer_by = 0 OR f.status = 2 OR f.copy >= 2 THEN 0 WHEN f.handed <> 0 THEN f.handed ELSE f.answer_by END AS wanted) t
$$;
-- add_filing adds a share to its count.
CREATE FUNCTION add_filing(share filing_count) RETURNS void LANGUAGE sql AS $$
	INSERT INTO filing_count AS c SELECT share.*
	ON CONFLICT ON CONSTRAINT filing_count_key DO UPDATE SET documents = c.documents + excluded.documents, on_time = c.on_time + excluded.on_time,
		late = c.late + excluded.late, acknowledged = c.acknowledged + excluded.acknowledged, acknowledge_sum = c.acknowledge_sum + excluded.acknowledge_sum,
		answers = c.answers + excluded.answers, answers_on_time = c.answers_on_time + excluded.answers_on_time, answers_late = c.answers_late + excluded.answers_late,
		finished = c.finished + excluded.finished, finish_sum = c.finish_sum + excluded.finish_sum;
	DELETE FROM filing_count WHERE documents = 0;
$$;
CREATE FUNCTION count_filing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE gathers boolean := to_regclass('pg_temp.filing_change') IS NOT NULL;
BEGIN
	IF TG_OP <> 'INSERT' THEN
		IF gathers THEN INSERT INTO pg_temp.filing_change SELECT * FROM filing_share(OLD, -1);
		ELSE PERFORM add_filing(s) FROM filing_share(OLD, -1) s; END IF;
	END IF;
	IF TG_OP <> 'DELETE' THEN
		IF gathers THEN INSERT INTO pg_temp.filing_change SELECT * FROM filing_share(NEW, 1);
		ELSE PERFORM add_filing(s) FROM filing_share(NEW, 1) s; END IF;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER filing_counted AFTER INSERT OR DELETE OR UPDATE OF agency_id, way, at, status, due, answer_by, acknowledged, finished, copy, handed, given
	ON filing FOR EACH ROW EXECUTE FUNCTION count_filing();

CREATE TABLE sent_count (
	agency_id  text COLLATE "C" NOT NULL,
	day        integer NOT NULL,
	state      smallint NOT NULL,
	status     bigint NOT NULL,
	deliveries bigint NOT NULL,
	arrived    bigint NOT NULL,
	arrive_sum bigint NOT NULL,
	CONSTRAINT sent_count_key PRIMARY KEY (agency_id, day, state, status)
);

-- What one delivery adds to its count.
CREATE FUNCTION sent_share(d delivery, sign integer) RETURNS SETOF sent_count LANGUAGE sql IMMUTABLE AS $$
	SELECT d.origin_agency_id, ((d.created + 25200000000) / 86400000000)::integer, d.state, d.status, sign::bigint,
		sign * (d.arrived <> 0)::integer::bigint, sign * CASE WHEN d.arrived <> 0 THEN d.arrived - d.created ELSE 0 END
	WHERE d.from_peer = ''
$$;
CREATE FUNCTION add_sent(share sent_count) RETURNS void LANGUAGE sql AS $$
	INSERT INTO sent_count AS c SELECT share.*
	ON CONFLICT ON CONSTRAINT sent_count_key DO UPDATE SET deliveries = c.deliveries + excluded.deliveries,
		arrived = c.arrived + excluded.arrived, arrive_sum = c.arrive_sum + excluded.arrive_sum;
$$;
CREATE FUNCTION count_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE gathers boolean := to_regclass('pg_temp.sent_change') IS NOT NULL;
BEGIN
	IF TG_OP <> 'INSERT' THEN
		IF gathers THEN INSERT INTO pg_temp.sent_change SELECT * FROM sent_share(OLD, -1);
		ELSE PERFORM add_sent(s) FROM sent_share(OLD, -1) s; END IF;
	END IF;
	IF TG_OP <> 'DELETE' THEN
		IF gathers THEN INSERT INTO pg_temp.sent_change SELECT * FROM sent_share(NEW, 1);
		ELSE PERFORM add_sent(s) FROM sent_share(NEW, 1) s; END IF;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER delivery_counted AFTER INSERT ON delivery FOR EACH ROW WHEN (NEW.from_peer = '') EXECUTE FUNCTION count_delivery();
CREATE TRIGGER delivery_uncounted AFTER DELETE ON delivery FOR EACH ROW WHEN (OLD.from_peer = '') EXECUTE FUNCTION count_delivery();
CREATE TRIGGER delivery_recounted AFTER UPDATE ON delivery FOR EACH ROW WHEN ((OLD.from_peer = '' OR NEW.from_peer = '')
	AND (OLD.state, OLD.status, OLD.arrived, OLD.created, OLD.from_peer) IS DISTINCT FROM (NEW.state, NEW.status, NEW.arrived, NEW.created, NEW.from_peer))
	EXECUTE FUNCTION count_delivery();

INSERT INTO filing_count SELECT s.agency_id, s.way, s.day, s.dossier, s.status, s.due_open, s.answer_open, sum(s.documents), sum(s.on_time), sum(s.late), sum(s.acknowledged),
	sum(s.acknowledge_sum), sum(s.answers), sum(s.answers_on_time), sum(s.answers_late), sum(s.finished), sum(s.finish_sum)
	FROM filing f, filing_share(f, 1) s GROUP BY 1, 2, 3, 4, 5, 6, 7;
INSERT INTO sent_count SELECT s.agency_id, s.day, s.state, s.status, sum(s.deliveries), sum(s.arrived), sum(s.arrive_sum)
	FROM delivery d, sent_share(d, 1) s GROUP BY 1, 2, 3, 4;
-- What is counted is not walked through any more.
DROP INDEX filing_at;
DROP INDEX delivery_sent_created;
-- +goose StatementEnd
