-- +goose Up
-- +goose StatementBegin
-- By what letters are compared (exchange.Letter: Register, Document): SHA-256, all
-- zeros where there is nothing to compare.
ALTER TABLE letter ADD COLUMN register bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000';
ALTER TABLE letter ADD COLUMN document bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000';
CREATE INDEX letter_register ON letter (agency_id, register, received);
CREATE INDEX letter_document ON letter (document, received);

-- When it came to the recipient's home, and by when an answer is wanted; 0: not known.
ALTER TABLE delivery ADD COLUMN arrived bigint NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN answer_by bigint NOT NULL DEFAULT 0;
UPDATE delivery SET arrived = created WHERE home;
CREATE INDEX delivery_unacknowledged ON delivery (agency_id, urgency, arrived, id) WHERE home AND status = 0;
CREATE INDEX delivery_unanswered ON delivery (agency_id, answer_by, id) WHERE home AND answer_by <> 0 AND status IN (0, 1, 3, 4, 5);
-- +goose StatementEnd
