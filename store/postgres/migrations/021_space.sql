-- +goose Up
-- +goose StatementBegin
-- size: the bytes of a letter's content and files, shared among the recipients that were
-- taken together. What waits is counted by who gave it, whose it is and where it goes.
ALTER TABLE delivery ADD COLUMN size bigint NOT NULL DEFAULT 0;
UPDATE delivery SET size = (SELECT coalesce(sum(f.size), 0) FROM letter l JOIN letter_file f ON f.letter = l.n
	WHERE l.envelope_id = delivery.envelope_id AND l.origin_node = delivery.origin_node)
	/ greatest(1, (SELECT count(*) FROM delivery d WHERE d.envelope_id = delivery.envelope_id AND d.origin_node = delivery.origin_node))
	WHERE state IN (1, 2, 5, 7, 10);
DROP INDEX delivery_waiting;
CREATE INDEX delivery_waiting ON delivery (state, peer, created, id) INCLUDE (from_peer, origin_agency_id, size) WHERE state IN (1, 2, 5, 7, 10);
-- What agencies at home here have not acknowledged, the newest of which is counted too.
CREATE INDEX delivery_fresh ON delivery (created) INCLUDE (from_peer, origin_agency_id, size) WHERE home AND status = 0;
-- +goose StatementEnd
