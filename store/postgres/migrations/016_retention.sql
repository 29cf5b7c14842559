-- +goose Up
-- +goose StatementBegin
-- What is kept for how long. passing: of a letter that only passes through here, the first
-- moment from which its days may be counted; 0: it is a document of an agency here, or its
-- files are gone. erased: when its files were let go; 0: they are here.
ALTER TABLE letter ADD COLUMN passing bigint NOT NULL DEFAULT 0;
ALTER TABLE letter ADD COLUMN erased bigint NOT NULL DEFAULT 0;
UPDATE letter SET passing = received WHERE from_peer <> '' AND NOT EXISTS (SELECT 1 FROM delivery d
	WHERE d.envelope_id = letter.envelope_id AND d.origin_node = letter.origin_node AND d.home);
CREATE INDEX letter_passing ON letter (passing) WHERE passing > 0;

-- What a letter's files were: names of bytes that need not be here any more.
CREATE TABLE erased_file (
	letter    bigint NOT NULL REFERENCES letter (n),
	position  integer NOT NULL,
	agency_id text COLLATE "C" NOT NULL,
	digest    bytea NOT NULL,
	size      bigint NOT NULL,
	leaf_root bytea NOT NULL,
	PRIMARY KEY (letter, position)
);
-- +goose StatementEnd
