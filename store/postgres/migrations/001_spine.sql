-- +goose Up
-- +goose StatementBegin
-- Times are microseconds UTC. Ids are UUIDv7 (16 bytes), digests SHA-256 (32 bytes).
-- Unsigned 64-bit numbers are kept as the signed one with the same bits.
-- Rows about letters and files carry the id of the agency that they belong to,
-- agency_id; rows of the node itself (store, head, blob, principal, directory) do not.
-- "sealed" columns hold Envelope messages of envelope.proto as they came.
-- Text that orders or names rows is compared by its bytes: COLLATE "C".

CREATE TABLE store (
	one         smallint PRIMARY KEY CHECK (one = 1),
	incarnation bytea NOT NULL CHECK (octet_length(incarnation) = 16)
);

-- The journal's head: the one row that every batch of writes ends with.
CREATE TABLE head (
	one  smallint PRIMARY KEY CHECK (one = 1),
	size bigint NOT NULL,
	root bytea NOT NULL
) WITH (fillfactor = 10);

-- hashes: those that the leaf completes, its own first, then up (RFC 6962, 2.1).
CREATE TABLE journal (
	idx       bigint PRIMARY KEY,
	agency_id text COLLATE "C" NOT NULL,
	leaf      bytea NOT NULL,
	hashes    bytea NOT NULL
);

CREATE TABLE letter (
	n           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	envelope_id bytea NOT NULL,
	origin_node text COLLATE "C" NOT NULL,
	agency_id   text COLLATE "C" NOT NULL, -- origin agency
	digest      bytea NOT NULL,
	sealed      bytea NOT NULL,
	content     bytea NOT NULL,
	from_peer   text COLLATE "C" NOT NULL, -- empty: submitted here
	received    bigint NOT NULL,
	urgency     integer NOT NULL,
	expires_at  bigint NOT NULL,
	staff       text COLLATE "C" NOT NULL,
	CONSTRAINT letter_key UNIQUE (envelope_id, origin_node)
);
CREATE INDEX letter_submitted ON letter (agency_id, envelope_id) WHERE from_peer = '';

CREATE TABLE blob (
	digest     bytea PRIMARY KEY,
	size       bigint NOT NULL,
	leaf_root  bytea NOT NULL,
	generation bigint NOT NULL DEFAULT 1,
	place      text NOT NULL DEFAULT 'file',
	state      smallint NOT NULL DEFAULT 1, -- 1 live, 2 doomed
	touched    bigint NOT NULL
);

CREATE TABLE letter_file (
	letter    bigint NOT NULL REFERENCES letter (n),
	position  integer NOT NULL,
	agency_id text COLLATE "C" NOT NULL,
	digest    bytea NOT NULL REFERENCES blob (digest),
	size      bigint NOT NULL,
	leaf_root bytea NOT NULL,
	PRIMARY KEY (letter, position)
);
CREATE INDEX letter_file_digest ON letter_file (digest);

-- chain: custody statements so far, Envelope messages, the origin's first.
CREATE TABLE path (
	tip         bytea PRIMARY KEY,
	envelope_id bytea NOT NULL,
	origin_node text COLLATE "C" NOT NULL,
	agency_id   text COLLATE "C" NOT NULL, -- origin agency
	from_peer   text COLLATE "C" NOT NULL,
	chain       bytea[] NOT NULL
);

-- One row a recipient, at every node on the way. state is exchange.State.
CREATE TABLE delivery (
	id               bytea PRIMARY KEY,
	envelope_id      bytea NOT NULL,
	origin_node      text COLLATE "C" NOT NULL,
	agency_id        text COLLATE "C" NOT NULL, -- recipient
	origin_agency_id text COLLATE "C" NOT NULL,
	digest           bytea NOT NULL,
	role             bigint NOT NULL,
	state            smallint NOT NULL,
	reason           text COLLATE "C" NOT NULL,
	home             boolean NOT NULL,
	from_peer        text COLLATE "C" NOT NULL, -- empty: submitted here
	peer             text COLLATE "C" NOT NULL,
	urgency          integer NOT NULL,
	created          bigint NOT NULL,
	updated          bigint NOT NULL,
	expires_at       bigint NOT NULL,
	held_until       bigint NOT NULL,
	tip              bytea NOT NULL,
	custodian        text COLLATE "C" NOT NULL,
	verdict          text COLLATE "C" NOT NULL,
	status           bigint NOT NULL,
	status_seq       bigint NOT NULL,
	verdict_seq      bigint NOT NULL,
	revision         bigint NOT NULL,
	changed          bigint NOT NULL, -- journal index
	CONSTRAINT delivery_key UNIQUE (envelope_id, origin_node, agency_id)
);
CREATE INDEX delivery_inbox ON delivery (agency_id, id) WHERE home;
CREATE INDEX delivery_received_changed ON delivery (agency_id, changed, id) WHERE home;
CREATE INDEX delivery_sent_changed ON delivery (origin_agency_id, changed, id) WHERE from_peer = '';
CREATE INDEX delivery_expiring ON delivery (expires_at) WHERE state IN (1, 2, 5); -- queued, offered, held
CREATE INDEX delivery_held ON delivery (held_until) WHERE state = 5;

-- Stored once by its key. n is the order in which they were stored.
CREATE TABLE statement (
	n               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	envelope_digest bytea NOT NULL,
	agency_id       text COLLATE "C" NOT NULL, -- recipient
	issuer_node     text COLLATE "C" NOT NULL,
	kind            bigint NOT NULL,
	sequence        bigint NOT NULL,
	digest          bytea NOT NULL,
	envelope_id     bytea NOT NULL,
	origin_node     text COLLATE "C" NOT NULL,
	sealed          bytea NOT NULL,
	proof           bytea NOT NULL,
	received        bigint NOT NULL,
	journal_index   bigint NOT NULL,
	CONSTRAINT statement_key UNIQUE (envelope_digest, agency_id, issuer_node, kind, sequence)
);

-- Statements that wait until a peer has stored them.
CREATE TABLE statement_out (
	seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	peer      text COLLATE "C" NOT NULL,
	digest    bytea NOT NULL,
	statement bigint NOT NULL REFERENCES statement (n),
	agency_id text COLLATE "C" NOT NULL,
	CONSTRAINT statement_out_once UNIQUE (peer, digest)
);
CREATE INDEX statement_out_peer ON statement_out (peer, seq);

-- Letters that wait for a peer, one row a recipient. A row that is not due yet is
-- asleep, so that a peer's queue is read from its first due row and never past
-- thousands that wait.
CREATE SEQUENCE outbox_seq;
CREATE TABLE outbox (
	seq         bigint PRIMARY KEY DEFAULT nextval('outbox_seq'),
	envelope_id bytea NOT NULL,
	origin_node text COLLATE "C" NOT NULL,
	recipient   text COLLATE "C" NOT NULL, -- agency
	agency_id   text COLLATE "C" NOT NULL, -- origin agency
	peer        text COLLATE "C" NOT NULL,
	class       integer NOT NULL, -- urgency, higher goes first
	tip         bytea NOT NULL,
	due_at      bigint NOT NULL,
	state       smallint NOT NULL, -- 1 due, 2 asleep until due_at, 3 claimed
	CONSTRAINT outbox_key UNIQUE (envelope_id, origin_node, recipient)
);
ALTER SEQUENCE outbox_seq OWNED BY outbox.seq;
CREATE INDEX outbox_due ON outbox (peer, class DESC, seq) WHERE state = 1;
CREATE INDEX outbox_asleep ON outbox (peer, due_at) WHERE state = 2;
CREATE INDEX outbox_claimed ON outbox (peer) WHERE state = 3;

-- How many rows each peer has, so that a backlog is not read to be counted. The
-- writer adds what a batch has changed, once, at its end.
CREATE TABLE outbox_peer (
	peer text COLLATE "C" PRIMARY KEY,
	rows bigint NOT NULL
) WITH (fillfactor = 50);

-- claimable_at: due_at, or the end of the lease while someone works on it.
CREATE TABLE job (
	envelope_id  bytea NOT NULL,
	origin_node  text COLLATE "C" NOT NULL,
	agency_id    text COLLATE "C" NOT NULL, -- recipient
	due_at       bigint NOT NULL,
	claimable_at bigint NOT NULL,
	attempts     bigint NOT NULL,
	replica      integer NOT NULL DEFAULT 0, -- that has the lease
	PRIMARY KEY (envelope_id, origin_node, agency_id)
);
CREATE INDEX job_claimable ON job (claimable_at);

CREATE TABLE report (
	digest    bytea PRIMARY KEY,
	agency_id text COLLATE "C" NOT NULL,
	json      bytea NOT NULL
);

CREATE TABLE request (
	principal text COLLATE "C" NOT NULL,
	method    text COLLATE "C" NOT NULL,
	id        text COLLATE "C" NOT NULL,
	agency_id text COLLATE "C" NOT NULL,
	content   bytea NOT NULL,
	answer    text COLLATE "C" NOT NULL,
	time      bigint NOT NULL,
	PRIMARY KEY (principal, method, id)
);
CREATE INDEX request_time ON request (time);

CREATE TABLE upload (
	id         bytea PRIMARY KEY,
	agency_id  text COLLATE "C" NOT NULL,
	principal  text COLLATE "C" NOT NULL,
	name       text COLLATE "C" NOT NULL,
	media_type text COLLATE "C" NOT NULL,
	size       bigint NOT NULL,
	started    bigint NOT NULL,
	done       boolean NOT NULL,
	digest     bytea NOT NULL
);

-- Who may read a blob. agency_id is an agency's id, or "node:" and a peer's.
CREATE TABLE possession (
	agency_id  text COLLATE "C" NOT NULL,
	digest     bytea NOT NULL REFERENCES blob (digest),
	size       bigint NOT NULL,
	leaf_root  bytea NOT NULL,
	name       text COLLATE "C" NOT NULL,
	media_type text COLLATE "C" NOT NULL,
	since      bigint NOT NULL,
	PRIMARY KEY (agency_id, digest)
);
CREATE INDEX possession_digest ON possession (digest);

CREATE TABLE principal (
	id       text COLLATE "C" PRIMARY KEY,
	name     text COLLATE "C" NOT NULL,
	disabled boolean NOT NULL,
	created  bigint NOT NULL
);
CREATE TABLE principal_key (
	key       bytea PRIMARY KEY, -- SHA-256 of SubjectPublicKeyInfo
	principal text COLLATE "C" NOT NULL REFERENCES principal (id) ON DELETE CASCADE,
	position  integer NOT NULL
);
CREATE INDEX principal_key_principal ON principal_key (principal, position);
CREATE TABLE principal_grant (
	principal text COLLATE "C" NOT NULL REFERENCES principal (id) ON DELETE CASCADE,
	position  integer NOT NULL,
	role      text COLLATE "C" NOT NULL,
	agency_id text COLLATE "C" NOT NULL, -- empty: the node
	PRIMARY KEY (principal, position)
);

CREATE TABLE directory (
	zone   text COLLATE "C" PRIMARY KEY,
	epoch  bigint NOT NULL,
	sealed bytea NOT NULL
);
CREATE INDEX directory_epoch ON directory (epoch);

-- Signatures that wait for a key which is elsewhere. prepared is a signer.Prepared as
-- JSON, and empty once the session has ended; state is exchange.SessionState.
CREATE TABLE signing_session (
	id        bytea PRIMARY KEY,
	agency_id text COLLATE "C" NOT NULL,
	principal text COLLATE "C" NOT NULL,
	input     bytea NOT NULL,
	state     smallint NOT NULL,
	prepared  bytea NOT NULL,
	answer    bytea NOT NULL, -- digest of the signature
	output    bytea NOT NULL, -- digest of the signed file
	field     text COLLATE "C" NOT NULL,
	level     text COLLATE "C" NOT NULL,
	created   bigint NOT NULL,
	expires   bigint NOT NULL,
	revision  bigint NOT NULL
);
CREATE INDEX signing_session_open ON signing_session (expires) WHERE state = 1;
CREATE INDEX signing_session_ended ON signing_session (expires) WHERE state > 1;

-- Connections by which processes of this node write. Each holds an advisory lock of its
-- number while it lives, so that what a dead one had leased is known without a clock.
-- batch names the last one that it committed: whoever was cut off in a commit looks here.
CREATE TABLE replica (
	number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	batch  bytea NOT NULL DEFAULT '',
	since  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Who has a peer's queue: the process that has the newest link to it. until is when the
-- link counts as down if nothing more is heard of it, by the clock of this server.
CREATE TABLE link (
	peer    text COLLATE "C" PRIMARY KEY,
	epoch   bigint NOT NULL,
	replica integer NOT NULL,
	until   timestamptz NOT NULL
) WITH (fillfactor = 50);

INSERT INTO head (one, size, root) VALUES
	(1, 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
-- +goose StatementEnd
