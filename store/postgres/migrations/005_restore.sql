-- +goose Up
-- +goose StatementBegin
-- The store says from what backup it was made: generation 0 for none.
ALTER TABLE store ADD COLUMN generation bigint NOT NULL DEFAULT 0;
ALTER TABLE store ADD COLUMN restored_leaves bigint NOT NULL DEFAULT 0;
ALTER TABLE store ADD COLUMN restored_until bigint NOT NULL DEFAULT 0;

-- The store of each neighbour, as it was last seen.
CREATE TABLE peer_store (
	peer        text PRIMARY KEY,
	incarnation bytea NOT NULL,
	since       bigint NOT NULL
);
-- +goose StatementEnd
