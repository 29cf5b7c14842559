package store

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lienthong/exchange"
	"lienthong/store/s3"
)

// inBucket begins what names a bucket instead of a folder.
const inBucket = "s3://"

// openFiles says how to open the place for files that a postgres URL names, for its rows. A
// bucket is opened at once: what is wrong with its name shows before the server is asked.
func openFiles(ctx context.Context, place string) (func(exchange.Store) (exchange.Blobs, error), error) {
	if !strings.HasPrefix(place, inBucket) {
		return func(rows exchange.Store) (exchange.Blobs, error) { return bind(ctx, rows, place) }, nil
	}
	cfg, err := parseBucket(place)
	if err != nil {
		return nil, err
	}
	b, err := s3.Open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("store: %w", domain(err))
	}
	return func(exchange.Store) (exchange.Blobs, error) { return blobs{bucket{b}}, nil }, nil
}

// BucketURL is the URL of a place for files in a bucket, as a postgres URL names it.
func BucketURL(c s3.Config) string {
	query := url.Values{}
	for name, value := range map[string]string{"endpoint": c.Endpoint, "region": c.Region, "credentials": c.Credentials, "ca": c.CA, "scratch": c.Scratch} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if c.HostStyle {
		query.Set("path_style", "false")
	}
	if c.Quota > 0 {
		query.Set("quota", strconv.FormatInt(c.Quota, 10))
	}
	if c.Timeout > 0 {
		query.Set("timeout", c.Timeout.String())
	}
	u := url.URL{Scheme: "s3", Host: c.Bucket, Path: "/" + strings.Trim(c.Prefix, "/"), RawQuery: query.Encode()}
	return u.String()
}

// parseBucket reads s3://BUCKET/PREFIX?endpoint=URL&scratch=FOLDER and what may be added.
// Its errors show no value: a key may have been written into the wrong place.
func parseBucket(text string) (s3.Config, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return s3.Config{}, fmt.Errorf("store: a bucket's URL that cannot be read, want s3://BUCKET/PREFIX?endpoint=https://HOST&scratch=FOLDER")
	}
	c := s3.Config{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	for name, values := range u.Query() {
		value := values[0]
		switch name {
		case "endpoint":
			c.Endpoint = value
		case "region":
			c.Region = value
		case "credentials":
			c.Credentials = value
		case "ca":
			c.CA = value
		case "scratch":
			c.Scratch = value
		case "path_style":
			var path bool
			path, err = strconv.ParseBool(value)
			c.HostStyle = !path
		case "quota":
			c.Quota, err = strconv.ParseInt(value, 10, 64)
		case "timeout":
			c.Timeout, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("there is no such parameter")
		}
		if err != nil || c.Quota < 0 || c.Timeout < 0 {
			return s3.Config{}, fmt.Errorf("store: bucket %q: %s: want endpoint, region, credentials (a file), ca, scratch, path_style (true or false), quota (bytes) or timeout (such as 60s)", c.Bucket, name)
		}
	}
	if c.Endpoint == "" || c.Scratch == "" {
		return s3.Config{}, fmt.Errorf("store: bucket %q: endpoint and scratch are required: where the server is, and a folder for files on their way in", c.Bucket)
	}
	return c, nil
}

// rebaseFiles makes the names of files in what names a place for files relative to a
// folder. A bucket without a scratch folder gets the one given.
func rebaseFiles(place, data string, under func(name string) string) string {
	if !strings.HasPrefix(place, inBucket) {
		return under(place)
	}
	u, err := url.Parse(place)
	if err != nil {
		return place
	}
	query := u.Query()
	if query.Get("scratch") == "" {
		query.Set("scratch", data)
	}
	for _, name := range []string{"scratch", "credentials", "ca"} {
		if value := query.Get(name); value != "" {
			query.Set(name, under(value))
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// InBucket is the URL of a store whose files are in a bucket. The store is one on a server,
// and names no place for files itself.
func InBucket(text string, c s3.Config) (string, error) {
	if !strings.HasPrefix(text, "postgres") {
		return "", fmt.Errorf("store: files in a bucket belong to a store on a server: want postgres://USER@HOST/DATABASE")
	}
	u, err := parse(text)
	if err != nil {
		return "", err
	}
	query := u.Query()
	if query.Has(paramBlobs) {
		return "", fmt.Errorf("store: %q names another place for files, too: take one of them away", Shown(text))
	}
	query.Set(paramBlobs, BucketURL(c))
	u.RawQuery = query.Encode()
	return u.String(), nil
}
