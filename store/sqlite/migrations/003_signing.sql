-- +goose Up
-- +goose StatementBegin
-- Files that are to be brought to a later level (B-T, B-LT, B-LTA). state is
-- exchange.LevelState; claimable_at: due_at, or the end of the lease while someone
-- works on it.
CREATE TABLE level_job (
	id           BLOB PRIMARY KEY,
	agency_id    TEXT NOT NULL,
	principal    TEXT NOT NULL,
	base         BLOB NOT NULL REFERENCES blob (digest),
	level        TEXT NOT NULL,
	state        INTEGER NOT NULL,
	attempts     INTEGER NOT NULL,
	created      INTEGER NOT NULL,
	due_at       INTEGER NOT NULL,
	claimable_at INTEGER NOT NULL,
	deadline     INTEGER NOT NULL,
	ended        INTEGER NOT NULL,
	output       BLOB NOT NULL, -- digest of the augmented file
	reason       TEXT NOT NULL,
	text         TEXT NOT NULL,
	revision     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX level_job_claimable ON level_job (claimable_at) WHERE state = 1;
CREATE INDEX level_job_agency ON level_job (agency_id, id);
CREATE INDEX level_job_base ON level_job (agency_id, base, id);

-- What was made of a signed file. renew_at: 0 for never.
CREATE TABLE augmentation (
	n         INTEGER PRIMARY KEY,
	agency_id TEXT NOT NULL,
	base      BLOB NOT NULL REFERENCES blob (digest),
	digest    BLOB NOT NULL REFERENCES blob (digest),
	level     TEXT NOT NULL,
	until     INTEGER NOT NULL,
	renew_at  INTEGER NOT NULL,
	created   INTEGER NOT NULL,
	UNIQUE (agency_id, digest)
) STRICT;
CREATE INDEX augmentation_base ON augmentation (agency_id, base, n);
CREATE INDEX augmentation_renew ON augmentation (renew_at) WHERE renew_at > 0;

-- What was asked before a key was used, kept as long as the file. answer is empty
-- where there was none.
CREATE TABLE evidence (
	agency_id   TEXT NOT NULL,
	file        BLOB NOT NULL REFERENCES blob (digest),
	position    INTEGER NOT NULL,
	certificate BLOB NOT NULL REFERENCES blob (digest),
	status      TEXT NOT NULL,
	kind        TEXT NOT NULL,
	answer      BLOB REFERENCES blob (digest),
	source      TEXT NOT NULL,
	this_update INTEGER NOT NULL,
	checked     INTEGER NOT NULL,
	PRIMARY KEY (file, agency_id, position)
) STRICT, WITHOUT ROWID;
-- Whoever lets blobs go must find who names them.
CREATE INDEX evidence_certificate ON evidence (certificate);
CREATE INDEX evidence_answer ON evidence (answer);
CREATE INDEX augmentation_digest ON augmentation (digest);
CREATE INDEX augmentation_base_digest ON augmentation (base);
CREATE INDEX level_job_base_digest ON level_job (base);

-- suspended: since when, 0 for not. certificate: SHA-256 of the key's, zeros where it
-- was not known. wrong: wrong secrets in a row.
CREATE TABLE key_state (
	key         TEXT PRIMARY KEY,
	agency_id   TEXT NOT NULL,
	certificate BLOB NOT NULL,
	suspended   INTEGER NOT NULL,
	by          TEXT NOT NULL,
	reason      TEXT NOT NULL,
	wrong       INTEGER NOT NULL,
	revision    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Revocation lists, OCSP answers and certificates as they came; key is the SHA-256
-- of what was asked. They belong to the node.
CREATE TABLE fetched (
	key  BLOB PRIMARY KEY,
	data BLOB NOT NULL,
	at   INTEGER NOT NULL,
	due  INTEGER NOT NULL
) STRICT;
CREATE INDEX fetched_due ON fetched (due);
-- +goose StatementEnd
