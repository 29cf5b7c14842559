-- +goose Up
-- +goose StatementBegin
-- Groups of recipients to which agencies gave a name. key: the name in lower case; members:
-- ids of agencies, one a line.
CREATE TABLE recipient_group (
	agency_id TEXT NOT NULL,
	key       TEXT NOT NULL,
	name      TEXT NOT NULL,
	members   TEXT NOT NULL,
	by        TEXT NOT NULL,
	changed   INTEGER NOT NULL,
	revision  INTEGER NOT NULL,
	PRIMARY KEY (agency_id, key)
) STRICT, WITHOUT ROWID;
-- +goose StatementEnd
