-- +goose Up
-- +goose StatementBegin
-- For how long the text of a letter is kept. class: the type of its document, by which a
-- policy says so; empty: not looked at yet, then aging says nothing either. aging: the first
-- moment from which its years may be counted. cleared: when its text was let go; 0: it is here.
ALTER TABLE letter ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE letter ADD COLUMN aging INTEGER NOT NULL DEFAULT 0;
ALTER TABLE letter ADD COLUMN cleared INTEGER NOT NULL DEFAULT 0;
CREATE INDEX letter_aging ON letter (class, aging, envelope_id) WHERE cleared = 0;

-- What must not be erased (exchange.HoldKind): subject is the id of an envelope of
-- origin_node, or that of a thread of agency_id; released: 0 while it holds.
CREATE TABLE legal_hold (
	id             BLOB PRIMARY KEY,
	kind           INTEGER NOT NULL,
	subject        BLOB NOT NULL,
	origin_node    TEXT NOT NULL,
	agency_id      TEXT NOT NULL,
	reason         TEXT NOT NULL,
	by             TEXT NOT NULL,
	placed         INTEGER NOT NULL,
	released       INTEGER NOT NULL,
	released_by    TEXT NOT NULL,
	release_reason TEXT NOT NULL,
	revision       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX legal_hold_active ON legal_hold (id) WHERE released = 0;

-- Of which file a report is, so that it goes with it.
CREATE TABLE report_file (
	file   BLOB NOT NULL,
	report BLOB NOT NULL,
	PRIMARY KEY (file, report)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO report_file (file, report)
	SELECT unhex(json_extract(CAST(json AS TEXT), '$.sha256')), digest FROM report
	WHERE json_valid(CAST(json AS TEXT)) AND length(unhex(json_extract(CAST(json AS TEXT), '$.sha256'))) = 32;

CREATE INDEX number_letter ON number (letter);
-- +goose StatementEnd
