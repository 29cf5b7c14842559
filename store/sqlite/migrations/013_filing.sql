-- +goose Up
-- +goose StatementBegin
-- The registers of agencies: one row for each document that an agency has sent from here
-- (way 1; id: of the envelope) or that has come to it here (way 2; id: of the delivery).
-- It goes with its letter. words: what it is found by, empty until it is filled; state:
-- the words of its status. due: the first moment that is too late to send, or to acknowledge.
CREATE TABLE filing (
	n            INTEGER PRIMARY KEY,
	letter       INTEGER NOT NULL REFERENCES letter (n) ON DELETE CASCADE,
	agency_id    TEXT NOT NULL,
	way          INTEGER NOT NULL,
	id           BLOB NOT NULL,
	at           INTEGER NOT NULL,
	due          INTEGER NOT NULL,
	answer_by    INTEGER NOT NULL,
	dossier      TEXT NOT NULL,
	status       INTEGER NOT NULL,
	acknowledged INTEGER NOT NULL,
	finished     INTEGER NOT NULL,
	entered      INTEGER NOT NULL,
	year         INTEGER NOT NULL,
	number       INTEGER NOT NULL,
	words        TEXT NOT NULL,
	state        TEXT NOT NULL,
	UNIQUE (id, way)
) STRICT;
CREATE INDEX filing_letter ON filing (letter);
CREATE INDEX filing_agency ON filing (agency_id, n);
CREATE INDEX filing_blank ON filing (n) WHERE words = '';

CREATE VIRTUAL TABLE filing_words USING fts5 (words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
CREATE TRIGGER filing_gone AFTER DELETE ON filing BEGIN
	DELETE FROM filing_words WHERE rowid = OLD.n;
END;

INSERT INTO filing (letter, agency_id, way, id, at, due, answer_by, dossier, status, acknowledged, finished, entered, year, number, words, state)
	SELECT letter, agency_id, way, id, at, 0, answer_by, '', status, 0, 0, 0, 0, 0, '', '·z' || status FROM (
		SELECT n AS letter, agency_id, 1 AS way, envelope_id AS id, received AS at, 0 AS answer_by, 0 AS status FROM letter WHERE from_peer = ''
		UNION ALL
		SELECT l.n, d.agency_id, 2, d.id, d.arrived, d.answer_by, d.status
			FROM delivery d JOIN letter l ON l.envelope_id = d.envelope_id AND l.origin_node = d.origin_node WHERE d.home = 1
	) ORDER BY at, id;
-- +goose StatementEnd
