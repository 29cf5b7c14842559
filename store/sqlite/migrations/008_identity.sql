-- +goose Up
-- +goose StatementBegin
-- API tokens: hash is SHA-256 of the secret, which is nowhere. methods: one a line.
-- revoked and last_used: 0 for not. principal_grant of the principal bounds what the
-- grants of a token give.
CREATE TABLE api_token (
	id        BLOB PRIMARY KEY,
	hash      BLOB NOT NULL UNIQUE,
	principal TEXT NOT NULL REFERENCES principal (id),
	name      TEXT NOT NULL,
	methods   TEXT NOT NULL,
	created   INTEGER NOT NULL,
	expires   INTEGER NOT NULL,
	revoked   INTEGER NOT NULL,
	last_used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_token_principal ON api_token (principal);
CREATE TABLE api_token_grant (
	token     BLOB NOT NULL REFERENCES api_token (id),
	position  INTEGER NOT NULL,
	role      TEXT NOT NULL,
	agency_id TEXT NOT NULL, -- empty: the node
	PRIMARY KEY (token, position)
) STRICT, WITHOUT ROWID;

-- Calls that were refused, counted. principal is empty for strangers.
CREATE TABLE refusal (
	minute    INTEGER NOT NULL,
	principal TEXT NOT NULL,
	method    TEXT NOT NULL,
	reason    TEXT NOT NULL,
	count     INTEGER NOT NULL,
	PRIMARY KEY (minute, principal, method, reason)
) STRICT, WITHOUT ROWID;
-- +goose StatementEnd
