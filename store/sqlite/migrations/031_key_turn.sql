-- +goose Up
-- +goose StatementBegin
-- How often the key was opened and closed by people (exchange.KeyState): odd while it may be open at some process.
ALTER TABLE key_state ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
-- +goose StatementEnd
