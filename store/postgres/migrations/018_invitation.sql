-- +goose Up
-- +goose StatementBegin
-- Nodes that may ask to join. hash is SHA-256 of a one-time secret, which is nowhere.
-- addresses: one a line. request and certificate are empty until a node has asked.
CREATE TABLE invitation (
	id          bytea PRIMARY KEY,
	hash        bytea NOT NULL UNIQUE,
	node        text COLLATE "C" NOT NULL,
	state       bigint NOT NULL,
	created     bigint NOT NULL,
	expires     bigint NOT NULL,
	decided     bigint NOT NULL,
	name        text COLLATE "C" NOT NULL,
	addresses   text COLLATE "C" NOT NULL,
	request     bytea NOT NULL,
	certificate bytea NOT NULL,
	revision    bigint NOT NULL
);
-- +goose StatementEnd
