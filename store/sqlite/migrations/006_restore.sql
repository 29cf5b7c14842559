-- +goose Up
-- +goose StatementBegin
-- The store says from what backup it was made: generation 0 for none.
ALTER TABLE store ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store ADD COLUMN restored_leaves INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store ADD COLUMN restored_until INTEGER NOT NULL DEFAULT 0;

-- The store of each neighbour, as it was last seen.
CREATE TABLE peer_store (
	peer        TEXT PRIMARY KEY,
	incarnation BLOB NOT NULL,
	since       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- +goose StatementEnd
