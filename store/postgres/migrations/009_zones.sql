-- +goose Up
-- +goose StatementBegin
-- The signed files of which the directory is made: the list of zones (kind 3, no zone),
-- a snapshot of each zone (1), and deltas (2), each of which leads on from epoch since.
CREATE TABLE directory_file (
	zone   text COLLATE "C" NOT NULL,
	kind   smallint NOT NULL,
	epoch  bigint NOT NULL,
	since  bigint NOT NULL,
	sealed bytea NOT NULL,
	PRIMARY KEY (zone, kind, epoch)
);
INSERT INTO directory_file (zone, kind, epoch, since, sealed) SELECT zone, 1, epoch, 0, sealed FROM directory;
DROP TABLE directory;
-- +goose StatementEnd
