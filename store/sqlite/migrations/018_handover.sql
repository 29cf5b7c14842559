-- +goose Up
-- +goose StatementBegin
-- What was handed over within a dossier, one row for each recipient as its sender (way 1)
-- or receiver (way 2) sees it. due: the first moment at which the result is late. answered:
-- when it was given back, 0 while it was not; result: the delivery that did so.
CREATE TABLE handover (
	delivery  BLOB NOT NULL,
	way       INTEGER NOT NULL,
	filing    INTEGER NOT NULL REFERENCES filing (n) ON DELETE CASCADE,
	agency_id TEXT NOT NULL,
	other     TEXT NOT NULL, -- the agency to which it went, from which it came
	code      TEXT NOT NULL,
	digest    BLOB NOT NULL, -- of its envelope
	thread    BLOB NOT NULL,
	at        INTEGER NOT NULL,
	due       INTEGER NOT NULL,
	answered  INTEGER NOT NULL,
	result    BLOB NOT NULL,
	PRIMARY KEY (delivery, way)
) STRICT, WITHOUT ROWID;
CREATE INDEX handover_filing ON handover (filing);
CREATE INDEX handover_digest ON handover (digest);
CREATE INDEX handover_thread ON handover (thread);
CREATE INDEX handover_agency ON handover (agency_id, at, delivery);
CREATE INDEX handover_code ON handover (agency_id, code, at, delivery);
CREATE INDEX handover_late ON handover (agency_id, at, delivery) WHERE answered = 0 OR answered >= due;
CREATE INDEX handover_result ON handover (result) WHERE answered > 0;

-- Those of before are filed again, with what they hand over.
UPDATE filing SET words = '' WHERE dossier <> '';
-- +goose StatementEnd
