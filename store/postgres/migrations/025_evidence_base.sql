-- +goose Up
-- +goose StatementBegin
-- Of which file the signed one was made, so that both go together; empty: not known.
ALTER TABLE evidence ADD COLUMN base bytea NOT NULL DEFAULT '';
CREATE INDEX evidence_base ON evidence (base) WHERE base <> '';
-- +goose StatementEnd
