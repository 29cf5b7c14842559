-- +goose Up
-- +goose StatementBegin
-- Users are changed by one who has seen them as they are: each change counts revision up.
ALTER TABLE principal ADD COLUMN revision bigint NOT NULL DEFAULT 1;
-- +goose StatementEnd
