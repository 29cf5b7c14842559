-- +goose Up
-- +goose StatementBegin
-- That the node is to end (exchange.Retirement): one row, or none. done is 0 until all is at its end.
CREATE TABLE retirement (
	one      bigint PRIMARY KEY CHECK (one = 1),
	since    bigint NOT NULL,
	by       text COLLATE "C" NOT NULL,
	reason   text COLLATE "C" NOT NULL,
	done     bigint NOT NULL,
	revision bigint NOT NULL
);
-- +goose StatementEnd
