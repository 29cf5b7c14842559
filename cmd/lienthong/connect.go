package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"lienthong/client"
)

// clientFlags say which node is asked, by whom and for which agency. They come
// from flags, else from the file that --as names, else from the environment, so
// that a clerk types none of them.
type clientFlags struct {
	file string
	clientProfile
}

// A clientProfile is the content of the file that --as names.
type clientProfile struct {
	Node        string `yaml:"node"`
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	TokenFile   string `yaml:"token_file"`
	CA          string `yaml:"ca"`
	Agency      string `yaml:"agency"`
}

// nodeFlags adds the flags of commands that ask a node.
func (a *app) nodeFlags(c *cobra.Command) *cobra.Command {
	f := c.Flags()
	a.nodeAddressFlags(c)
	f.StringVar(&a.as.TokenFile, "token-file", "", "file that holds an API token, instead of a certificate (LIENTHONG_TOKEN_FILE)")
	f.StringVar(&a.as.Certificate, "cert", "", "PEM file of the client certificate (LIENTHONG_CERT)")
	f.StringVar(&a.as.Key, "cert-key", "", "PEM file of its private key, if it is not in the same file (LIENTHONG_CERT_KEY)")
	f.StringVar(&a.as.Agency, "agency", "", "id or code of the agency to act for (LIENTHONG_AGENCY)")
	return c
}

// nodeAddressFlags are those of commands for which --cert and --agency mean others: who
// asks is said by the file of --as, or the environment.
func (a *app) nodeAddressFlags(c *cobra.Command) *cobra.Command {
	f := c.Flags()
	f.StringVar(&a.as.file, "as", "", "YAML file with node, certificate, key, token_file, ca and agency (LIENTHONG_AS)")
	f.StringVar(&a.as.Node, "node", "", "host:port of the node (LIENTHONG_NODE_ADDRESS)")
	f.StringVar(&a.as.CA, "ca", "", "PEM file of the authority of node certificates (LIENTHONG_CA)")
	return c
}

// resolveClient fills in what no flag gave.
func (a *app) resolveClient() (clientProfile, error) {
	p := a.as.clientProfile
	file := a.as.file
	if file == "" {
		file, _ = a.env("LIENTHONG_AS")
	}
	if file != "" {
		from, err := readProfile(file)
		if err != nil {
			return p, err
		}
		p.fill(from)
	}
	var env clientProfile
	env.Node, _ = a.env("LIENTHONG_NODE_ADDRESS")
	env.Certificate, _ = a.env("LIENTHONG_CERT")
	env.Key, _ = a.env("LIENTHONG_CERT_KEY")
	env.TokenFile, _ = a.env("LIENTHONG_TOKEN_FILE")
	env.CA, _ = a.env("LIENTHONG_CA")
	env.Agency, _ = a.env("LIENTHONG_AGENCY")
	p.fill(env)
	if p.Node == "" {
		return p, fail(exitUsage, errors.New("no node"), "name one with --node HOST:PORT, or a file with --as FILE",
			`to try it: "lienthong demo --keep" leaves three nodes up, and prints commands for them`)
	}
	return p, nil
}

func readProfile(path string) (clientProfile, error) {
	var p clientProfile
	data, err := readLimited(path, 1<<20)
	if err != nil {
		return p, err
	}
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&p); err != nil && !errors.Is(err, io.EOF) {
		return p, yamlError(path, err)
	}
	base := filepath.Dir(path)
	for _, name := range []*string{&p.Certificate, &p.Key, &p.TokenFile, &p.CA} {
		*name = under(base, *name)
	}
	return p, nil
}

// fill takes what is not set from another profile. A certificate and its key come
// together, since those of two places do not belong to each other, and so does a token:
// who says by one who asks does not mean the other.
func (p *clientProfile) fill(from clientProfile) {
	if p.Certificate == "" && p.TokenFile == "" {
		p.Certificate, p.Key, p.TokenFile = from.Certificate, from.Key, from.TokenFile
	}
	for _, f := range []struct{ to, from *string }{{&p.Node, &from.Node}, {&p.CA, &from.CA}, {&p.Agency, &from.Agency}} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
}

// connect reaches the node of the flags.
func (a *app) connect(ctx context.Context) (*client.Client, clientProfile, error) {
	p, err := a.resolveClient()
	if err != nil {
		return nil, p, err
	}
	c, err := dialProfile(ctx, p)
	return c, p, err
}

// dialProfile reaches the node of a profile, and waits at most ten seconds for it.
func dialProfile(ctx context.Context, p clientProfile) (*client.Client, error) {
	cfg := client.Config{Address: p.Node}
	if p.Certificate != "" && p.TokenFile != "" {
		return nil, fail(exitUsage, errors.New("a certificate and a token are given"), "a call has one identity: name one of them")
	}
	if p.Certificate != "" {
		cert, err := loadKeyPair(p.Certificate, p.Key)
		if err != nil {
			return nil, err
		}
		cfg.Certificate = &cert
	}
	if p.TokenFile != "" {
		secret, err := secretFile(p.TokenFile)()
		if err != nil {
			return nil, err
		}
		cfg.Token = string(secret)
	}
	if p.CA != "" {
		var err error
		if cfg.Roots, err = rootsOf(p.CA); err != nil {
			return nil, err
		}
	}
	return dialReady(ctx, cfg)
}

// rootsOf reads the authorities of a node's certificate.
func rootsOf(path string) (*x509.CertPool, error) {
	data, err := readLimited(path, 1<<20)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, failf(exitUsage, "%s: no certificate in PEM", path)
	}
	return roots, nil
}

// dialReady reaches a node, and waits at most ten seconds for it.
func dialReady(ctx context.Context, cfg client.Config) (*client.Client, error) {
	c, err := client.Dial(cfg)
	if err != nil {
		return nil, fail(exitUsage, err)
	}
	waiting, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := c.Ready(waiting); err != nil {
		c.Close()
		return nil, fail(exitUndecided, fmt.Errorf("node %s: %w", cfg.Address, err),
			"is it running, and is the address right?", "its certificate must be of the authority that --ca names")
	}
	return c, nil
}

// loadKeyPair reads a certificate with its chain and its private key, from two PEM
// files or from one that holds both.
func loadKeyPair(certFile, keyFile string) (tls.Certificate, error) {
	if keyFile == "" {
		keyFile = certFile
	}
	certPEM, err := readLimited(certFile, 1<<20)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM, err := readLimited(keyFile, 1<<20)
	if err != nil {
		return tls.Certificate{}, err
	}
	if !bytes.Contains(keyPEM, []byte("PRIVATE KEY-----")) {
		return tls.Certificate{}, fail(exitUsage, fmt.Errorf("%s: no private key in PEM", keyFile), "name its file: --cert-key FILE, or tls.key in a configuration")
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return tls.Certificate{}, failf(exitUsage, "%s: %v", certFile, err)
	}
	if pair.Leaf == nil {
		block, _ := pem.Decode(certPEM)
		if pair.Leaf, err = x509.ParseCertificate(block.Bytes); err != nil {
			return tls.Certificate{}, failf(exitUsage, "%s: %v", certFile, err)
		}
	}
	return pair, nil
}

// agency is the agency to act for; commands that need one say how to name it.
func (p clientProfile) agency() (string, error) {
	if p.Agency == "" {
		return "", fail(exitUsage, errors.New("no agency"), "name the agency that you act for: --agency CODE")
	}
	return p.Agency, nil
}
