-- +goose Up
-- +goose StatementBegin
-- blob.state: 1 live, 2 doomed (touched: since when), 3 damaged.
CREATE INDEX blob_doomed ON blob (touched, digest) WHERE state = 2;
CREATE INDEX blob_damaged ON blob (digest) WHERE state = 3;

-- The sweeper's fence: bytes put before this time count only where they have a live row.
ALTER TABLE head ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;

-- Whoever lets blobs go must find who names them.
CREATE INDEX signing_session_input ON signing_session (input);
CREATE INDEX signing_session_output ON signing_session (output);
CREATE INDEX upload_started ON upload (started);
-- +goose StatementEnd
