-- +goose Up
-- +goose StatementBegin
-- Who of several consumers of one inbox has a delivery until when, by the database's
-- clock. A row goes when the delivery has a status.
CREATE TABLE claim (
	delivery  bytea PRIMARY KEY,
	agency_id text COLLATE "C" NOT NULL,
	consumer  text COLLATE "C" NOT NULL,
	until     bigint NOT NULL
);
-- +goose StatementEnd
