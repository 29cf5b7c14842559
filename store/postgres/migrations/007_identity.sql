-- +goose Up
-- +goose StatementBegin
-- API tokens: hash is SHA-256 of the secret, which is nowhere. methods: one a line.
-- revoked and last_used: 0 for not. principal_grant of the principal bounds what the
-- grants of a token give.
CREATE TABLE api_token (
	id        bytea PRIMARY KEY,
	hash      bytea NOT NULL UNIQUE,
	principal text COLLATE "C" NOT NULL REFERENCES principal (id),
	name      text COLLATE "C" NOT NULL,
	methods   text COLLATE "C" NOT NULL,
	created   bigint NOT NULL,
	expires   bigint NOT NULL,
	revoked   bigint NOT NULL,
	last_used bigint NOT NULL
);
CREATE INDEX api_token_principal ON api_token (principal);
CREATE TABLE api_token_grant (
	token     bytea NOT NULL REFERENCES api_token (id),
	position  integer NOT NULL,
	role      text COLLATE "C" NOT NULL,
	agency_id text COLLATE "C" NOT NULL, -- empty: the node
	PRIMARY KEY (token, position)
);

-- Calls that were refused, counted. principal is empty for strangers.
CREATE TABLE refusal (
	minute    bigint NOT NULL,
	principal text COLLATE "C" NOT NULL,
	method    text COLLATE "C" NOT NULL,
	reason    text COLLATE "C" NOT NULL,
	count     bigint NOT NULL,
	PRIMARY KEY (minute, principal, method, reason)
);
-- +goose StatementEnd
