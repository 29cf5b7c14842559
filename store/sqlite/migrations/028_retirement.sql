-- +goose Up
-- +goose StatementBegin
-- That the node is to end (exchange.Retirement): one row, or none. done is 0 until all is at its end.
CREATE TABLE retirement (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	since    INTEGER NOT NULL,
	by       TEXT NOT NULL,
	reason   TEXT NOT NULL,
	done     INTEGER NOT NULL,
	revision INTEGER NOT NULL
) STRICT;
-- +goose StatementEnd
