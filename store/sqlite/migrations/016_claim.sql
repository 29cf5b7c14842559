-- +goose Up
-- +goose StatementBegin
-- Who of several consumers of one inbox has a delivery until when. A row goes when the
-- delivery has a status.
CREATE TABLE claim (
	delivery  BLOB PRIMARY KEY,
	agency_id TEXT NOT NULL,
	consumer  TEXT NOT NULL,
	until     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- +goose StatementEnd
