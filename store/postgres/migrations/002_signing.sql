-- +goose Up
-- +goose StatementBegin
-- Files that are to be brought to a later level (B-T, B-LT, B-LTA). state is
-- exchange.LevelState; claimable_at: due_at, or the end of the lease while someone
-- works on it.
CREATE TABLE level_job (
	id           bytea PRIMARY KEY,
	agency_id    text COLLATE "C" NOT NULL,
	principal    text COLLATE "C" NOT NULL,
	base         bytea NOT NULL REFERENCES blob (digest),
	level        text COLLATE "C" NOT NULL,
	state        smallint NOT NULL,
	attempts     bigint NOT NULL,
	created      bigint NOT NULL,
	due_at       bigint NOT NULL,
	claimable_at bigint NOT NULL,
	deadline     bigint NOT NULL,
	ended        bigint NOT NULL,
	output       bytea NOT NULL, -- digest of the augmented file
	reason       text COLLATE "C" NOT NULL,
	text         text COLLATE "C" NOT NULL,
	revision     bigint NOT NULL,
	replica      integer NOT NULL DEFAULT 0 -- that has the lease
);
CREATE INDEX level_job_claimable ON level_job (claimable_at) WHERE state = 1;
CREATE INDEX level_job_agency ON level_job (agency_id, id);
CREATE INDEX level_job_base ON level_job (agency_id, base, id);

-- What was made of a signed file. renew_at: 0 for never.
CREATE TABLE augmentation (
	n         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	agency_id text COLLATE "C" NOT NULL,
	base      bytea NOT NULL REFERENCES blob (digest),
	digest    bytea NOT NULL REFERENCES blob (digest),
	level     text COLLATE "C" NOT NULL,
	until     bigint NOT NULL,
	renew_at  bigint NOT NULL,
	created   bigint NOT NULL,
	CONSTRAINT augmentation_once UNIQUE (agency_id, digest)
);
CREATE INDEX augmentation_base ON augmentation (agency_id, base, n);
CREATE INDEX augmentation_renew ON augmentation (renew_at) WHERE renew_at > 0;

-- What was asked before a key was used, kept as long as the file. answer is NULL
-- where there was none.
CREATE TABLE evidence (
	agency_id   text COLLATE "C" NOT NULL,
	file        bytea NOT NULL REFERENCES blob (digest),
	position    integer NOT NULL,
	certificate bytea NOT NULL REFERENCES blob (digest),
	status      text COLLATE "C" NOT NULL,
	kind        text COLLATE "C" NOT NULL,
	answer      bytea REFERENCES blob (digest),
	source      text COLLATE "C" NOT NULL,
	this_update bigint NOT NULL,
	checked     bigint NOT NULL,
	PRIMARY KEY (file, agency_id, position)
);
-- Whoever lets blobs go must find who names them.
CREATE INDEX evidence_certificate ON evidence (certificate);
CREATE INDEX evidence_answer ON evidence (answer);
CREATE INDEX augmentation_digest ON augmentation (digest);
CREATE INDEX augmentation_base_digest ON augmentation (base);
CREATE INDEX level_job_base_digest ON level_job (base);

-- suspended: since when, 0 for not. certificate: SHA-256 of the key's, zeros where it
-- was not known. wrong: wrong secrets in a row.
CREATE TABLE key_state (
	key         text COLLATE "C" PRIMARY KEY,
	agency_id   text COLLATE "C" NOT NULL,
	certificate bytea NOT NULL,
	suspended   bigint NOT NULL,
	by          text COLLATE "C" NOT NULL,
	reason      text COLLATE "C" NOT NULL,
	wrong       bigint NOT NULL,
	revision    bigint NOT NULL
);

-- Revocation lists, OCSP answers and certificates as they came; key is the SHA-256
-- of what was asked. They belong to the node.
CREATE TABLE fetched (
	key  bytea PRIMARY KEY,
	data bytea NOT NULL,
	at   bigint NOT NULL,
	due  bigint NOT NULL
);
CREATE INDEX fetched_due ON fetched (due);
-- +goose StatementEnd
