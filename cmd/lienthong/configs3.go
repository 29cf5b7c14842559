package main

import (
	"fmt"
	"time"

	"lienthong/store"
	"lienthong/store/s3"
)

// An s3Config is a bucket for files. Keys have no place in it: they are in a file of their
// own, or in the environment.
type s3Config struct {
	Endpoint    string        `yaml:"endpoint" doc:"URL of a server that speaks S3, such as https://s3.example.gov.vn:9000 (required with a bucket)"`
	Bucket      string        `yaml:"bucket" doc:"bucket for the files of all processes of this node, instead of a folder; it exists, and store is a postgres URL"`
	Prefix      string        `yaml:"prefix" doc:"what the names of all objects begin with, such as the id of the node; nothing if empty"`
	Region      string        `yaml:"region" default:"us-east-1" doc:"region that requests are signed for"`
	Credentials string        `yaml:"credentials" doc:"file with aws_access_key_id and aws_secret_access_key below [default]; the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY if empty"`
	CA          string        `yaml:"ca" doc:"PEM file of who vouches for the server; who the system trusts if empty"`
	PathStyle   bool          `yaml:"path_style" default:"true" doc:"the bucket is part of the path; false: of the host's name"`
	Scratch     string        `yaml:"scratch" doc:"folder of this process for files on their way in, with space for all at once; the data folder if empty"`
	Quota       byteSize      `yaml:"quota" default:"0B" doc:"bytes that all objects may have; 0 for as many as the server takes"`
	Timeout     time.Duration `yaml:"timeout" default:"1m" doc:"how long one request may take, which carries at most 16 MiB"`
}

// inBucket makes the bucket of the configuration a part of the store's URL.
func (c *config) inBucket() error {
	b := c.Blobs.S3
	if b.Bucket == "" {
		if b.Endpoint != "" {
			return failf(exitUsage, "%s: blobs.s3.endpoint is given, but no blobs.s3.bucket", c.path)
		}
		return nil
	}
	if b.Endpoint == "" {
		return failf(exitUsage, "%s: blobs.s3.bucket %q needs blobs.s3.endpoint", c.path, b.Bucket)
	}
	if b.Timeout <= 0 {
		return failf(exitUsage, "%s: blobs.s3.timeout %s: want more than 0s", c.path, b.Timeout)
	}
	url, err := store.InBucket(c.Store, s3.Config{Endpoint: b.Endpoint, Bucket: b.Bucket, Prefix: b.Prefix, Region: b.Region, Credentials: b.Credentials,
		CA: b.CA, HostStyle: !b.PathStyle, Scratch: b.Scratch, Quota: int64(b.Quota), Timeout: b.Timeout})
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%s: blobs.s3: %w", c.path, err), "store: postgres://USER@HOST/DATABASE?password_file=FILE")
	}
	c.Store = url
	return nil
}
