-- +goose Up
-- +goose StatementBegin
-- Heads of journals: this node's own, with its parent's cosignature and a time-stamp,
-- and those that its children have shown. refused: why one was not cosigned.
CREATE TABLE checkpoint (
	n           bigserial PRIMARY KEY,
	node        text NOT NULL,
	incarnation bytea NOT NULL,
	size        bigint NOT NULL,
	root        bytea NOT NULL,
	sealed      bytea NOT NULL,
	cosignature bytea NOT NULL,
	stamp       bytea NOT NULL,
	stamped     bigint NOT NULL,
	refused     text NOT NULL,
	seen        bigint NOT NULL,
	UNIQUE (node, incarnation, size, root, refused)
);
CREATE INDEX checkpoint_node ON checkpoint (node, n);
-- +goose StatementEnd
