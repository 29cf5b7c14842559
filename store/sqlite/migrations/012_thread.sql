-- +goose Up
-- +goose StatementBegin
-- A delivery's place in its thread, and what has become of the receiver's copy
-- (exchange.Copy, exchange.TakeBack). What was sent before there were versions is the
-- first of its thread. offered: a peer may have it, whatever it answered; of rows that
-- are here already nobody knows, but of those that are held.
ALTER TABLE delivery ADD COLUMN kind INTEGER NOT NULL DEFAULT 1;
ALTER TABLE delivery ADD COLUMN thread BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE delivery ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE delivery ADD COLUMN follows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN offered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN copy INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN take_back INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET thread = envelope_id, offered = (state <> 5);
CREATE INDEX delivery_thread ON delivery (thread, agency_id, version);
CREATE INDEX delivery_active ON delivery (agency_id, id) WHERE home = 1 AND copy < 2;
CREATE INDEX delivery_incomplete ON delivery (arrived) WHERE copy = 1 AND reason = '';
DROP INDEX delivery_unacknowledged;
DROP INDEX delivery_unanswered;
CREATE INDEX delivery_unacknowledged ON delivery (agency_id, urgency, arrived, id) WHERE home = 1 AND status = 0 AND copy < 2;
CREATE INDEX delivery_unanswered ON delivery (agency_id, answer_by, id) WHERE home = 1 AND answer_by <> 0 AND status IN (0, 1, 3, 4, 5) AND copy < 2;

-- What recalls and replacements are aimed at. Of a recall the row is a tombstone, too,
-- for an envelope that has not come yet.
CREATE TABLE aim (
	target           BLOB NOT NULL, -- digest of the envelope
	agency_id        TEXT NOT NULL, -- recipient
	envelope_id      BLOB NOT NULL, -- of the recall or replacement
	origin_node      TEXT NOT NULL,
	origin_agency_id TEXT NOT NULL, -- whose envelopes alone it can hit
	kind             INTEGER NOT NULL, -- envelope.RelationKind
	mode             INTEGER NOT NULL, -- envelope.RecallMode
	PRIMARY KEY (target, agency_id, envelope_id, origin_node)
) STRICT, WITHOUT ROWID;
-- +goose StatementEnd
