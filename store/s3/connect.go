package s3

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// connect makes the client of a server. It sends nothing.
func connect(cfg Config) (*minio.Core, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("s3: endpoint: want https://HOST or https://HOST:PORT and nothing more; keys belong into a file")
	}
	creds, err := login(cfg)
	if err != nil {
		return nil, err
	}
	transport, err := transport(cfg)
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupPath
	if cfg.HostStyle {
		lookup = minio.BucketLookupDNS
	}
	// One attempt: a request that was given up may still arrive, and what was decided
	// meanwhile must bear that. So who may ask again is said at each request.
	core, err := minio.NewCore(u.Host, &minio.Options{Creds: creds, Secure: u.Scheme == "https", Transport: transport,
		Region: cfg.Region, BucketLookup: lookup, MaxRetries: 1})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	return core, nil
}

// login reads the credentials, so that a file that cannot be read shows at once.
func login(cfg Config) (*credentials.Credentials, error) {
	creds, where := credentials.NewEnvAWS(), "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
	if cfg.Credentials != "" {
		creds, where = credentials.NewFileAWSCredentials(cfg.Credentials, "default"), fmt.Sprintf("aws_access_key_id and aws_secret_access_key below [default] in %q", cfg.Credentials)
		if _, err := os.ReadFile(cfg.Credentials); err != nil {
			return nil, fmt.Errorf("s3: credentials: %w", err)
		}
	}
	v, err := creds.GetWithContext(nil)
	if err != nil || v.AccessKeyID == "" || v.SecretAccessKey == "" {
		return nil, fmt.Errorf("s3: no credentials: want %s", where)
	}
	return creds, nil
}

func transport(cfg Config) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: min(cfg.Timeout, 10*time.Second), KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   min(cfg.Timeout, 10*time.Second),
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		MaxIdleConns:          256,
		MaxIdleConnsPerHost:   64, // links take and give files at the same time
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: cfg.Timeout,
		DisableCompression:    true,
	}
	if cfg.CA == "" {
		return t, nil
	}
	data, err := os.ReadFile(cfg.CA)
	if err != nil {
		return nil, fmt.Errorf("s3: ca: %w", err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("s3: ca: %q has no certificate in PEM form", cfg.CA)
	}
	return t, nil
}
