-- +goose Up
-- +goose StatementBegin
-- Nodes that may ask to join. hash is SHA-256 of a one-time secret, which is nowhere.
-- addresses: one a line. request and certificate are empty until a node has asked.
CREATE TABLE invitation (
	id          BLOB PRIMARY KEY,
	hash        BLOB NOT NULL UNIQUE,
	node        TEXT NOT NULL,
	state       INTEGER NOT NULL,
	created     INTEGER NOT NULL,
	expires     INTEGER NOT NULL,
	decided     INTEGER NOT NULL,
	name        TEXT NOT NULL,
	addresses   TEXT NOT NULL,
	request     BLOB NOT NULL,
	certificate BLOB NOT NULL,
	revision    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- +goose StatementEnd
