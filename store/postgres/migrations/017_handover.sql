-- +goose Up
-- +goose StatementBegin
-- What was handed over within a dossier, one row for each recipient as its sender (way 1)
-- or receiver (way 2) sees it. due: the first moment at which the result is late. answered:
-- when it was given back, 0 while it was not; result: the delivery that did so.
CREATE TABLE handover (
	delivery  bytea NOT NULL,
	way       smallint NOT NULL,
	filing    bigint NOT NULL REFERENCES filing (n) ON DELETE CASCADE,
	agency_id text COLLATE "C" NOT NULL,
	other     text COLLATE "C" NOT NULL, -- the agency to which it went, from which it came
	code      text COLLATE "C" NOT NULL,
	digest    bytea NOT NULL, -- of its envelope
	thread    bytea NOT NULL,
	at        bigint NOT NULL,
	due       bigint NOT NULL,
	answered  bigint NOT NULL,
	result    bytea NOT NULL,
	PRIMARY KEY (delivery, way)
);
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
