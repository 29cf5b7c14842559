-- +goose Up
-- +goose StatementBegin
-- expires: of a recall, when it need not be waited for any more what it is aimed at; 0: it
-- stays, with its target, or it is none.
ALTER TABLE aim ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;
UPDATE aim SET expires = coalesce((SELECT d.expires_at + 2592000000000 FROM delivery d
	WHERE d.envelope_id = aim.envelope_id AND d.origin_node = aim.origin_node AND d.agency_id = aim.agency_id), 0) WHERE kind = 4;
CREATE INDEX aim_expires ON aim (expires) WHERE expires > 0;
-- +goose StatementEnd
