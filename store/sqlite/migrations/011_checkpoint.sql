-- +goose Up
-- +goose StatementBegin
-- Heads of journals: this node's own, with its parent's cosignature and a time-stamp,
-- and those that its children have shown. refused: why one was not cosigned.
CREATE TABLE checkpoint (
	n           INTEGER PRIMARY KEY,
	node        TEXT NOT NULL,
	incarnation BLOB NOT NULL,
	size        INTEGER NOT NULL,
	root        BLOB NOT NULL,
	sealed      BLOB NOT NULL,
	cosignature BLOB NOT NULL,
	stamp       BLOB NOT NULL,
	stamped     INTEGER NOT NULL,
	refused     TEXT NOT NULL,
	seen        INTEGER NOT NULL,
	UNIQUE (node, incarnation, size, root, refused)
) STRICT;
CREATE INDEX checkpoint_node ON checkpoint (node, n);
-- +goose StatementEnd
