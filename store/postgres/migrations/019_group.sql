-- +goose Up
-- +goose StatementBegin
-- Groups of recipients to which agencies gave a name. key: the name in lower case; members:
-- ids of agencies, one a line.
CREATE TABLE recipient_group (
	agency_id text COLLATE "C" NOT NULL,
	key       text COLLATE "C" NOT NULL,
	name      text COLLATE "C" NOT NULL,
	members   text COLLATE "C" NOT NULL,
	by        text COLLATE "C" NOT NULL,
	changed   bigint NOT NULL,
	revision  bigint NOT NULL,
	PRIMARY KEY (agency_id, key)
);
-- +goose StatementEnd
