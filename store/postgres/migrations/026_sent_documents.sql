-- +goose Up
-- +goose StatementBegin
-- Statistics of what was sent are about documents: a recall or a take-back (kind 4) is none.
-- What one delivery adds to its count.
CREATE OR REPLACE FUNCTION sent_share(d delivery, sign integer) RETURNS SETOF sent_count LANGUAGE sql IMMUTABLE AS $$
	SELECT d.origin_agency_id, ((d.created + 25200000000) / 86400000000)::integer, d.state, d.status, sign::bigint,
		sign * (d.arrived <> 0)::integer::bigint, sign * CASE WHEN d.arrived <> 0 THEN d.arrived - d.created ELSE 0 END
	WHERE d.from_peer = '' AND d.kind <> 4
$$;
DROP TRIGGER delivery_recounted ON delivery;
CREATE TRIGGER delivery_recounted AFTER UPDATE ON delivery FOR EACH ROW WHEN ((OLD.from_peer = '' OR NEW.from_peer = '')
	AND (OLD.state, OLD.status, OLD.arrived, OLD.created, OLD.from_peer, OLD.kind) IS DISTINCT FROM (NEW.state, NEW.status, NEW.arrived, NEW.created, NEW.from_peer, NEW.kind))
	EXECUTE FUNCTION count_delivery();
DELETE FROM sent_count;
INSERT INTO sent_count SELECT s.agency_id, s.day, s.state, s.status, sum(s.deliveries), sum(s.arrived), sum(s.arrive_sum)
	FROM delivery d, sent_share(d, 1) s GROUP BY 1, 2, 3, 4;
-- +goose StatementEnd
