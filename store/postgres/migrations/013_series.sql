-- +goose Up
-- +goose StatementBegin
-- Series of numbers (way 1: of what an agency issues, 2: số đến), and the numbers that were
-- given out by hand. last: the newest number; 0: the series is in use, and none was given.
CREATE TABLE series (
	agency_id text COLLATE "C" NOT NULL,
	way       smallint NOT NULL,
	year      integer NOT NULL,
	name      text COLLATE "C" NOT NULL, -- abbreviation of a type; empty: of all that have none of their own
	last      bigint NOT NULL,
	last_at   bigint NOT NULL,
	PRIMARY KEY (agency_id, way, year, name)
);

-- state: exchange.NumberState. letter: id of the envelope for which it was used.
CREATE TABLE number (
	id        bytea PRIMARY KEY,
	agency_id text COLLATE "C" NOT NULL,
	way       smallint NOT NULL,
	year      integer NOT NULL,
	series    text COLLATE "C" NOT NULL,
	number    bigint NOT NULL,
	state     smallint NOT NULL,
	paper     boolean NOT NULL,
	note      text COLLATE "C" NOT NULL,
	by        text COLLATE "C" NOT NULL,
	reserved  bigint NOT NULL,
	changed   bigint NOT NULL,
	letter    bytea NOT NULL,
	reason    text COLLATE "C" NOT NULL,
	revision  bigint NOT NULL,
	CONSTRAINT number_key UNIQUE (agency_id, way, year, series, number)
);

UPDATE filing SET entered = at WHERE way = 1;
CREATE INDEX filing_entered ON filing (agency_id, way, entered, id) WHERE entered > 0;
-- +goose StatementEnd
