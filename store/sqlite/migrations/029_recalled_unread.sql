-- +goose Up
-- +goose StatementBegin
-- Nobody is late to read what was recalled or superseded before it was read: due_open is that
-- of copies which are still to be acknowledged, as the list of the late ones has it. All else
-- is as in 024_counts.sql, whose triggers count by this view.
DROP VIEW filing_share;
CREATE VIEW filing_share AS SELECT n, agency_id, way, (at + 25200000000) / 86400000000 AS day, dossier, status,
	iif(way = 2 AND acknowledged = 0 AND copy < 2, due, 0) AS due_open, iif(answered = 0, wanted, 0) AS answer_open,
	iif(way = 1, at < due, acknowledged <> 0 AND acknowledged < due) AS on_time,
	due <> 0 AND iif(way = 1, at, acknowledged) >= due AS late,
	acknowledged <> 0 AS acknowledged, iif(acknowledged <> 0, acknowledged - at, 0) AS acknowledge_sum,
	wanted <> 0 AS answers, wanted <> 0 AND answered <> 0 AND answered < wanted AS answers_on_time,
	wanted <> 0 AND answered <> 0 AND answered >= wanted AS answers_late,
	finished <> 0 AS finished, iif(finished <> 0, finished - at, 0) AS finish_sum
	FROM (SELECT *, handed <> 0 AND copy NOT IN (2, 3) AS dossier, iif(handed <> 0, given, finished) AS answered,
		iif(answer_by = 0 OR status = 2 OR copy >= 2, 0, iif(handed <> 0, handed, answer_by)) AS wanted
		FROM (SELECT n, agency_id, way, at, due, answer_by, status, acknowledged, finished, copy, handed, given FROM filing));
DELETE FROM filing_count;
INSERT INTO filing_count SELECT agency_id, way, day, dossier, status, due_open, answer_open, count(*), sum(on_time), sum(late), sum(acknowledged), sum(acknowledge_sum),
	sum(answers), sum(answers_on_time), sum(answers_late), sum(finished), sum(finish_sum) FROM filing_share GROUP BY 1, 2, 3, 4, 5, 6, 7;
-- +goose StatementEnd
