-- +goose Up
-- +goose StatementBegin
-- The registers of agencies: one row for each document that an agency has sent from here
-- (way 1; id: of the envelope) or that has come to it here (way 2; id: of the delivery).
-- It goes with its letter. words: what it is found by, empty until it is filled; state:
-- the words of its status. due: the first moment that is too late to send, or to acknowledge.
CREATE TABLE filing (
	n            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	letter       bigint NOT NULL REFERENCES letter (n) ON DELETE CASCADE,
	agency_id    text COLLATE "C" NOT NULL,
	way          smallint NOT NULL,
	id           bytea NOT NULL,
	at           bigint NOT NULL,
	due          bigint NOT NULL,
	answer_by    bigint NOT NULL,
	dossier      text COLLATE "C" NOT NULL,
	status       bigint NOT NULL,
	acknowledged bigint NOT NULL,
	finished     bigint NOT NULL,
	entered      bigint NOT NULL,
	year         integer NOT NULL,
	number       bigint NOT NULL,
	words        text NOT NULL,
	state        text NOT NULL,
	-- The words as they are: no parser of the server's looks at them.
	tokens       tsvector GENERATED ALWAYS AS (CASE WHEN words = '' THEN ''::tsvector
		ELSE array_to_tsvector(string_to_array(words || ' ' || state, ' ')) END) STORED,
	CONSTRAINT filing_key UNIQUE (id, way)
);
CREATE INDEX filing_letter ON filing (letter);
CREATE INDEX filing_blank ON filing (n) WHERE words = '';
CREATE INDEX filing_agency ON filing (agency_id, n);
-- What has come since the index was brought up to date is read by every search.
CREATE INDEX filing_tokens ON filing USING gin (tokens) WITH (gin_pending_list_limit = 256);

INSERT INTO filing (letter, agency_id, way, id, at, due, answer_by, dossier, status, acknowledged, finished, entered, year, number, words, state)
	SELECT letter, agency_id, way, id, at, 0, answer_by, '', status, 0, 0, 0, 0, 0, '', '·z' || status FROM (
		SELECT n AS letter, agency_id, 1 AS way, envelope_id AS id, received AS at, 0 AS answer_by, 0 AS status FROM letter WHERE from_peer = ''
		UNION ALL
		SELECT l.n, d.agency_id, 2, d.id, d.arrived, d.answer_by, d.status
			FROM delivery d JOIN letter l ON l.envelope_id = d.envelope_id AND l.origin_node = d.origin_node WHERE d.home
	) old ORDER BY at, id;
-- +goose StatementEnd
