-- +goose Up
-- +goose StatementBegin
-- Nobody is late to read what was recalled or superseded before it was read: due_open is that
-- of copies which are still to be acknowledged, as the list of the late ones has it. All else
-- is as in 023_counts.sql.
CREATE OR REPLACE FUNCTION filing_share(f filing, sign integer) RETURNS SETOF filing_count LANGUAGE sql IMMUTABLE AS $$
	SELECT f.agency_id, f.way, ((f.at + 25200000000) / 86400000000)::integer, f.handed <> 0 AND f.copy NOT IN (2, 3), f.status,
		CASE WHEN f.way = 2 AND f.acknowledged = 0 AND f.copy < 2 THEN f.due ELSE 0 END,
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
DELETE FROM filing_count;
INSERT INTO filing_count SELECT s.agency_id, s.way, s.day, s.dossier, s.status, s.due_open, s.answer_open, sum(s.documents), sum(s.on_time), sum(s.late), sum(s.acknowledged),
	sum(s.acknowledge_sum), sum(s.answers), sum(s.answers_on_time), sum(s.answers_late), sum(s.finished), sum(s.finish_sum)
	FROM filing f, filing_share(f, 1) s GROUP BY 1, 2, 3, 4, 5, 6, 7;
-- +goose StatementEnd
