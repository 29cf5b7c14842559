-- +goose Up
-- +goose StatementBegin
-- What waits for an operator (state 10, dead) is under way too. attempts counts offers
-- of this tenure that were refused, or could not be made.
ALTER TABLE delivery ADD COLUMN attempts bigint NOT NULL DEFAULT 0;
DROP INDEX delivery_waiting;
CREATE INDEX delivery_waiting ON delivery (state, peer, created, id) WHERE state IN (1, 2, 5, 7, 10);
DROP INDEX delivery_expiring;
CREATE INDEX delivery_expiring ON delivery (expires_at) WHERE state IN (1, 2, 5, 10); -- queued, offered, held, dead
-- What has not reached its recipient's home, by age.
CREATE INDEX delivery_underway ON delivery (urgency, created, id) WHERE state IN (1, 2, 3, 5, 7, 10);
-- +goose StatementEnd
