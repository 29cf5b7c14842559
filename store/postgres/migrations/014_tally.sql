-- +goose Up
-- +goose StatementBegin
-- What is counted by the day on which it came or was sent.
CREATE INDEX filing_at ON filing (agency_id, way, at);
CREATE INDEX delivery_sent_created ON delivery (origin_agency_id, created) WHERE from_peer = '';
-- +goose StatementEnd
