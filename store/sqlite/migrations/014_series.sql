-- +goose Up
-- +goose StatementBegin
-- Series of numbers (way 1: of what an agency issues, 2: số đến), and the numbers that were
-- given out by hand. last: the newest number; 0: the series is in use, and none was given.
CREATE TABLE series (
	agency_id TEXT NOT NULL,
	way       INTEGER NOT NULL,
	year      INTEGER NOT NULL,
	name      TEXT NOT NULL, -- abbreviation of a type; empty: of all that have none of their own
	last      INTEGER NOT NULL,
	last_at   INTEGER NOT NULL,
	PRIMARY KEY (agency_id, way, year, name)
) STRICT, WITHOUT ROWID;

-- state: exchange.NumberState. letter: id of the envelope for which it was used.
CREATE TABLE number (
	id        BLOB PRIMARY KEY,
	agency_id TEXT NOT NULL,
	way       INTEGER NOT NULL,
	year      INTEGER NOT NULL,
	series    TEXT NOT NULL,
	number    INTEGER NOT NULL,
	state     INTEGER NOT NULL,
	paper     INTEGER NOT NULL,
	note      TEXT NOT NULL,
	by        TEXT NOT NULL,
	reserved  INTEGER NOT NULL,
	changed   INTEGER NOT NULL,
	letter    BLOB NOT NULL,
	reason    TEXT NOT NULL,
	revision  INTEGER NOT NULL,
	UNIQUE (agency_id, way, year, series, number)
) STRICT, WITHOUT ROWID;

UPDATE filing SET entered = at WHERE way = 1;
CREATE INDEX filing_entered ON filing (agency_id, way, entered, id) WHERE entered > 0;
-- +goose StatementEnd
