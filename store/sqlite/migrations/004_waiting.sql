-- +goose Up
-- +goose StatementBegin
-- What has not come to an end (queued, offered, held, in doubt), for who counts it.
CREATE INDEX delivery_waiting ON delivery (state, peer, created) WHERE state IN (1, 2, 5, 7);
-- +goose StatementEnd
