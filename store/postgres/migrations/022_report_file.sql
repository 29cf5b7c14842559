-- +goose Up
-- +goose StatementBegin
-- Whose report it is.
ALTER TABLE report_file ADD COLUMN agency_id text COLLATE "C" NOT NULL DEFAULT '';
UPDATE report_file SET agency_id = (SELECT r.agency_id FROM report r WHERE r.digest = report_file.report);
-- +goose StatementEnd
