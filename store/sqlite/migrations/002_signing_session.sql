-- +goose Up
-- +goose StatementBegin
-- Signatures that wait for a key which is elsewhere. prepared is a signer.Prepared as
-- JSON, and empty once the session has ended; state is exchange.SessionState.
CREATE TABLE signing_session (
	id        BLOB PRIMARY KEY,
	agency_id TEXT NOT NULL,
	principal TEXT NOT NULL,
	input     BLOB NOT NULL,
	state     INTEGER NOT NULL,
	prepared  BLOB NOT NULL,
	answer    BLOB NOT NULL, -- digest of the signature
	output    BLOB NOT NULL, -- digest of the signed file
	field     TEXT NOT NULL,
	level     TEXT NOT NULL,
	created   INTEGER NOT NULL,
	expires   INTEGER NOT NULL,
	revision  INTEGER NOT NULL
) STRICT;
CREATE INDEX signing_session_open ON signing_session (expires) WHERE state = 1;
CREATE INDEX signing_session_ended ON signing_session (expires) WHERE state > 1;
-- +goose StatementEnd
