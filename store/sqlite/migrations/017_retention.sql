-- +goose Up
-- +goose StatementBegin
-- What is kept for how long. passing: of a letter that only passes through here, the first
-- moment from which its days may be counted; 0: it is a document of an agency here, or its
-- files are gone. erased: when its files were let go; 0: they are here.
ALTER TABLE letter ADD COLUMN passing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE letter ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
UPDATE letter SET passing = received WHERE from_peer <> '' AND NOT EXISTS (SELECT 1 FROM delivery d
	WHERE d.envelope_id = letter.envelope_id AND d.origin_node = letter.origin_node AND d.home = 1);
CREATE INDEX letter_passing ON letter (passing) WHERE passing > 0;

-- What a letter's files were: names of bytes that need not be here any more.
CREATE TABLE erased_file (
	letter    INTEGER NOT NULL REFERENCES letter (n),
	position  INTEGER NOT NULL,
	agency_id TEXT NOT NULL,
	digest    BLOB NOT NULL,
	size      INTEGER NOT NULL,
	leaf_root BLOB NOT NULL,
	PRIMARY KEY (letter, position)
) STRICT, WITHOUT ROWID;
-- +goose StatementEnd
