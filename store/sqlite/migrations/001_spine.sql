-- +goose Up
-- +goose StatementBegin
-- Times are microseconds UTC. Ids are UUIDv7 (16 bytes), digests SHA-256 (32 bytes).
-- Unsigned 64-bit numbers are kept as the signed one with the same bits.
-- Rows about letters and files carry the id of the agency that they belong to,
-- agency_id; rows of the node itself (store, head, blob, principal, directory) do not.
-- "sealed" columns hold Envelope messages of envelope.proto as they came.

CREATE TABLE store (
	one         INTEGER PRIMARY KEY CHECK (one = 1),
	incarnation BLOB NOT NULL
) STRICT;

-- The journal's head: the one row that every batch of writes ends with.
CREATE TABLE head (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	size INTEGER NOT NULL,
	root BLOB NOT NULL
) STRICT;

-- hashes: those that the leaf completes, its own first, then up (RFC 6962, 2.1).
CREATE TABLE journal (
	idx       INTEGER PRIMARY KEY,
	agency_id TEXT NOT NULL,
	leaf      BLOB NOT NULL,
	hashes    BLOB NOT NULL
) STRICT;

CREATE TABLE letter (
	n           INTEGER PRIMARY KEY,
	envelope_id BLOB NOT NULL,
	origin_node TEXT NOT NULL,
	agency_id   TEXT NOT NULL, -- origin agency
	digest      BLOB NOT NULL,
	sealed      BLOB NOT NULL,
	content     BLOB NOT NULL,
	from_peer   TEXT NOT NULL, -- empty: submitted here
	received    INTEGER NOT NULL,
	urgency     INTEGER NOT NULL,
	expires_at  INTEGER NOT NULL,
	staff       TEXT NOT NULL,
	UNIQUE (envelope_id, origin_node)
) STRICT;
CREATE INDEX letter_submitted ON letter (agency_id, envelope_id) WHERE from_peer = '';

CREATE TABLE blob (
	digest     BLOB PRIMARY KEY,
	size       INTEGER NOT NULL,
	leaf_root  BLOB NOT NULL,
	generation INTEGER NOT NULL DEFAULT 1,
	place      TEXT NOT NULL DEFAULT 'file',
	state      INTEGER NOT NULL DEFAULT 1, -- 1 live, 2 doomed
	touched    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE letter_file (
	letter    INTEGER NOT NULL REFERENCES letter (n),
	position  INTEGER NOT NULL,
	agency_id TEXT NOT NULL,
	digest    BLOB NOT NULL REFERENCES blob (digest),
	size      INTEGER NOT NULL,
	leaf_root BLOB NOT NULL,
	PRIMARY KEY (letter, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX letter_file_digest ON letter_file (digest);

-- chain: custody statements so far, a list of Envelope messages.
CREATE TABLE path (
	n           INTEGER PRIMARY KEY,
	tip         BLOB NOT NULL UNIQUE,
	envelope_id BLOB NOT NULL,
	origin_node TEXT NOT NULL,
	agency_id   TEXT NOT NULL, -- origin agency
	from_peer   TEXT NOT NULL,
	chain       BLOB NOT NULL
) STRICT;

-- One row a recipient, at every node on the way. state is exchange.State.
CREATE TABLE delivery (
	id               BLOB PRIMARY KEY,
	envelope_id      BLOB NOT NULL,
	origin_node      TEXT NOT NULL,
	agency_id        TEXT NOT NULL, -- recipient
	origin_agency_id TEXT NOT NULL,
	digest           BLOB NOT NULL,
	role             INTEGER NOT NULL,
	state            INTEGER NOT NULL,
	reason           TEXT NOT NULL,
	home             INTEGER NOT NULL,
	from_peer        TEXT NOT NULL, -- empty: submitted here
	peer             TEXT NOT NULL,
	urgency          INTEGER NOT NULL,
	created          INTEGER NOT NULL,
	updated          INTEGER NOT NULL,
	expires_at       INTEGER NOT NULL,
	held_until       INTEGER NOT NULL,
	tip              BLOB NOT NULL,
	custodian        TEXT NOT NULL,
	verdict          TEXT NOT NULL,
	status           INTEGER NOT NULL,
	status_seq       INTEGER NOT NULL,
	verdict_seq      INTEGER NOT NULL,
	revision         INTEGER NOT NULL,
	changed          INTEGER NOT NULL, -- journal index
	UNIQUE (envelope_id, origin_node, agency_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_inbox ON delivery (agency_id, id) WHERE home = 1;
CREATE INDEX delivery_received_changed ON delivery (agency_id, changed, id) WHERE home = 1;
CREATE INDEX delivery_sent_changed ON delivery (origin_agency_id, changed, id) WHERE from_peer = '';
CREATE INDEX delivery_expiring ON delivery (expires_at) WHERE state IN (1, 2, 5); -- queued, offered, held
CREATE INDEX delivery_held ON delivery (held_until) WHERE state = 5;

-- Stored once by its key. n is the order in which they were stored.
CREATE TABLE statement (
	n               INTEGER PRIMARY KEY,
	envelope_digest BLOB NOT NULL,
	agency_id       TEXT NOT NULL, -- recipient
	issuer_node     TEXT NOT NULL,
	kind            INTEGER NOT NULL,
	sequence        INTEGER NOT NULL,
	digest          BLOB NOT NULL,
	envelope_id     BLOB NOT NULL,
	origin_node     TEXT NOT NULL,
	sealed          BLOB NOT NULL,
	proof           BLOB NOT NULL,
	received        INTEGER NOT NULL,
	journal_index   INTEGER NOT NULL,
	UNIQUE (envelope_digest, agency_id, issuer_node, kind, sequence)
) STRICT;

-- Statements that wait until a peer has stored them.
CREATE TABLE statement_out (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	peer      TEXT NOT NULL,
	digest    BLOB NOT NULL,
	statement INTEGER NOT NULL REFERENCES statement (n),
	agency_id TEXT NOT NULL,
	UNIQUE (peer, digest)
) STRICT;
CREATE INDEX statement_out_peer ON statement_out (peer, seq);

-- Letters that wait for a peer, one row a recipient. A row that is not due yet is
-- asleep, so that a peer's queue is read from its first due row and never past
-- thousands that wait.
CREATE TABLE outbox (
	seq         INTEGER PRIMARY KEY AUTOINCREMENT,
	envelope_id BLOB NOT NULL,
	origin_node TEXT NOT NULL,
	recipient   TEXT NOT NULL, -- agency
	agency_id   TEXT NOT NULL, -- origin agency
	peer        TEXT NOT NULL,
	class       INTEGER NOT NULL, -- urgency, higher goes first
	tip         BLOB NOT NULL,
	due_at      INTEGER NOT NULL,
	state       INTEGER NOT NULL, -- 1 due, 2 asleep until due_at, 3 claimed
	UNIQUE (envelope_id, origin_node, recipient)
) STRICT;
CREATE INDEX outbox_due ON outbox (peer, class DESC, seq) WHERE state = 1;
CREATE INDEX outbox_asleep ON outbox (peer, due_at) WHERE state = 2;
CREATE INDEX outbox_claimed ON outbox (peer) WHERE state = 3;

-- How many rows each peer has, so that a backlog is not read to be counted.
CREATE TABLE outbox_peer (
	peer TEXT PRIMARY KEY,
	rows INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER outbox_insert AFTER INSERT ON outbox BEGIN
	INSERT INTO outbox_peer (peer, rows) VALUES (NEW.peer, 1) ON CONFLICT DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER outbox_delete AFTER DELETE ON outbox BEGIN
	UPDATE outbox_peer SET rows = rows - 1 WHERE peer = OLD.peer;
END;

-- claimable_at: due_at, or the end of the lease while someone works on it.
CREATE TABLE job (
	envelope_id  BLOB NOT NULL,
	origin_node  TEXT NOT NULL,
	agency_id    TEXT NOT NULL, -- recipient
	due_at       INTEGER NOT NULL,
	claimable_at INTEGER NOT NULL,
	attempts     INTEGER NOT NULL,
	PRIMARY KEY (envelope_id, origin_node, agency_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_claimable ON job (claimable_at);

CREATE TABLE report (
	n         INTEGER PRIMARY KEY,
	digest    BLOB NOT NULL UNIQUE,
	agency_id TEXT NOT NULL,
	json      BLOB NOT NULL
) STRICT;

CREATE TABLE request (
	principal TEXT NOT NULL,
	method    TEXT NOT NULL,
	id        TEXT NOT NULL,
	agency_id TEXT NOT NULL,
	content   BLOB NOT NULL,
	answer    TEXT NOT NULL,
	time      INTEGER NOT NULL,
	PRIMARY KEY (principal, method, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_time ON request (time);

CREATE TABLE upload (
	id         BLOB PRIMARY KEY,
	agency_id  TEXT NOT NULL,
	principal  TEXT NOT NULL,
	name       TEXT NOT NULL,
	media_type TEXT NOT NULL,
	size       INTEGER NOT NULL,
	started    INTEGER NOT NULL,
	done       INTEGER NOT NULL,
	digest     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Who may read a blob. agency_id is an agency's id, or "node:" and a peer's.
CREATE TABLE possession (
	agency_id  TEXT NOT NULL,
	digest     BLOB NOT NULL REFERENCES blob (digest),
	size       INTEGER NOT NULL,
	leaf_root  BLOB NOT NULL,
	name       TEXT NOT NULL,
	media_type TEXT NOT NULL,
	since      INTEGER NOT NULL,
	PRIMARY KEY (agency_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX possession_digest ON possession (digest);

CREATE TABLE principal (
	id       TEXT PRIMARY KEY,
	name     TEXT NOT NULL,
	disabled INTEGER NOT NULL,
	created  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE principal_key (
	key       BLOB PRIMARY KEY, -- SHA-256 of SubjectPublicKeyInfo
	principal TEXT NOT NULL REFERENCES principal (id) ON DELETE CASCADE,
	position  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX principal_key_principal ON principal_key (principal, position);
CREATE TABLE principal_grant (
	principal TEXT NOT NULL REFERENCES principal (id) ON DELETE CASCADE,
	position  INTEGER NOT NULL,
	role      TEXT NOT NULL,
	agency_id TEXT NOT NULL, -- empty: the node
	PRIMARY KEY (principal, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE directory (
	zone   TEXT PRIMARY KEY,
	epoch  INTEGER NOT NULL,
	sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_epoch ON directory (epoch);

INSERT INTO head (one, size, root) VALUES
	(1, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
-- +goose StatementEnd
