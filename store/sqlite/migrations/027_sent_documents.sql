-- +goose Up
-- +goose StatementBegin
-- Statistics of what was sent are about documents: a recall or a take-back (kind 4) is none.
DROP TRIGGER delivery_counted;
DROP TRIGGER delivery_uncounted;
DROP TRIGGER delivery_recounted;
CREATE TRIGGER delivery_counted AFTER INSERT ON delivery WHEN NEW.from_peer = '' AND NEW.kind <> 4 BEGIN
	INSERT INTO sent_count VALUES (NEW.origin_agency_id, (NEW.created + 25200000000) / 86400000000, NEW.state, NEW.status, 1,
		NEW.arrived <> 0, iif(NEW.arrived <> 0, NEW.arrived - NEW.created, 0))
	ON CONFLICT DO UPDATE SET deliveries = deliveries + 1, arrived = arrived + excluded.arrived, arrive_sum = arrive_sum + excluded.arrive_sum;
END;
CREATE TRIGGER delivery_uncounted AFTER DELETE ON delivery WHEN OLD.from_peer = '' AND OLD.kind <> 4 BEGIN
	UPDATE sent_count SET deliveries = deliveries - 1, arrived = arrived - (OLD.arrived <> 0), arrive_sum = arrive_sum - iif(OLD.arrived <> 0, OLD.arrived - OLD.created, 0)
		WHERE agency_id = OLD.origin_agency_id AND day = (OLD.created + 25200000000) / 86400000000 AND state = OLD.state AND status = OLD.status;
END;
CREATE TRIGGER delivery_recounted AFTER UPDATE ON delivery WHEN (OLD.from_peer = '' OR NEW.from_peer = '')
	AND (OLD.state, OLD.status, OLD.arrived, OLD.created, OLD.from_peer, OLD.kind) <> (NEW.state, NEW.status, NEW.arrived, NEW.created, NEW.from_peer, NEW.kind) BEGIN
	UPDATE sent_count SET deliveries = deliveries - 1, arrived = arrived - (OLD.arrived <> 0), arrive_sum = arrive_sum - iif(OLD.arrived <> 0, OLD.arrived - OLD.created, 0)
		WHERE OLD.from_peer = '' AND OLD.kind <> 4 AND agency_id = OLD.origin_agency_id AND day = (OLD.created + 25200000000) / 86400000000
			AND state = OLD.state AND status = OLD.status;
	INSERT INTO sent_count SELECT NEW.origin_agency_id, (NEW.created + 25200000000) / 86400000000, NEW.state, NEW.status, 1,
		NEW.arrived <> 0, iif(NEW.arrived <> 0, NEW.arrived - NEW.created, 0) WHERE NEW.from_peer = '' AND NEW.kind <> 4
	ON CONFLICT DO UPDATE SET deliveries = deliveries + 1, arrived = arrived + excluded.arrived, arrive_sum = arrive_sum + excluded.arrive_sum;
END;
DELETE FROM sent_count;
INSERT INTO sent_count SELECT origin_agency_id, (created + 25200000000) / 86400000000, state, status, count(*), sum(arrived <> 0),
	sum(iif(arrived <> 0, arrived - created, 0)) FROM delivery WHERE from_peer = '' AND kind <> 4 GROUP BY 1, 2, 3, 4;
-- +goose StatementEnd
