-- +goose Up
-- +goose StatementBegin
-- For how long the text of a letter is kept. class: the type of its document, by which a
-- policy says so; empty: not looked at yet, then aging says nothing either. aging: the first
-- moment from which its years may be counted. cleared: when its text was let go; 0: it is here.
ALTER TABLE letter ADD COLUMN class text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE letter ADD COLUMN aging bigint NOT NULL DEFAULT 0;
ALTER TABLE letter ADD COLUMN cleared bigint NOT NULL DEFAULT 0;
CREATE INDEX letter_aging ON letter (class, aging, envelope_id) WHERE cleared = 0;

-- What must not be erased (exchange.HoldKind): subject is the id of an envelope of
-- origin_node, or that of a thread of agency_id; released: 0 while it holds.
CREATE TABLE legal_hold (
	id             bytea PRIMARY KEY,
	kind           bigint NOT NULL,
	subject        bytea NOT NULL,
	origin_node    text COLLATE "C" NOT NULL,
	agency_id      text COLLATE "C" NOT NULL,
	reason         text COLLATE "C" NOT NULL,
	by             text COLLATE "C" NOT NULL,
	placed         bigint NOT NULL,
	released       bigint NOT NULL,
	released_by    text COLLATE "C" NOT NULL,
	release_reason text COLLATE "C" NOT NULL,
	revision       bigint NOT NULL
);
CREATE INDEX legal_hold_active ON legal_hold (id) WHERE released = 0;

-- Of which file a report is, so that it goes with it.
CREATE TABLE report_file (
	file   bytea NOT NULL,
	report bytea NOT NULL,
	PRIMARY KEY (file, report)
);
INSERT INTO report_file (file, report)
	SELECT decode(file, 'hex'), digest FROM (
		SELECT substring(encode(json, 'escape') FROM '"sha256": ?"([0-9a-f]{64})"') AS file, digest FROM report) r
	WHERE file IS NOT NULL ON CONFLICT DO NOTHING;

CREATE INDEX number_letter ON number (letter);
-- +goose StatementEnd
