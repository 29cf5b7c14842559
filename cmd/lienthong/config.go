package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"lienthong/admin"
	"lienthong/store"
)

// A config is the configuration of a node: one YAML file, read strictly, each key
// of which is documented by its tag, for --help-config and for people who read
// this. Relative names in it are relative to the file's folder. Zero values work
// but for the keys that are marked as required.
type config struct {
	Node  string `yaml:"node" doc:"id of this node in the directory (required)"`
	Data  string `yaml:"data" default:"data" doc:"folder of the store and the documents"`
	Store string `yaml:"store" doc:"URL of the store: sqlite:FOLDER, or postgres://USER@HOST/DATABASE?password_file=FILE for a node of several processes, whose files are in blobs=FOLDER or the data folder, or in a bucket (blobs.s3); the data folder if empty"`
	Blobs struct {
		S3 s3Config `yaml:"s3"`
	} `yaml:"blobs"`
	Listen string `yaml:"listen" default:":7443" doc:"address on which gRPC is served"`

	TLS struct {
		Certificate string `yaml:"certificate" doc:"PEM file with this node's certificate, ECDSA P-256, as the directory names it (required, unless tls.key is a URI)"`
		Key         string `yaml:"key" doc:"PEM file with its private key, or pkcs12:FILE, or pkcs11:token=…;object=…?module-path=LIBRARY; the file of the certificate if empty. A running node takes another by lienthong node rotate, or SIGHUP"`

		PasswordFile string `yaml:"password_file" doc:"file that holds the password or PIN of a tls.key that is a URI, on the first line"`
	} `yaml:"tls"`

	Directory struct {
		Authority []string `yaml:"authority" doc:"PEM files or folders: certificates that sign the directory (required)"`
		File      string   `yaml:"file" doc:"signed directory, taken at start if it is newer than the one in the store"`
	} `yaml:"directory"`

	Trust struct {
		Anchors  []string `yaml:"anchors" doc:"PEM or DER files or folders: anchors of signers and time-stamping authorities"`
		CRLs     []string `yaml:"crls" doc:"files or folders: revocation lists given by hand"`
		CRLHosts []string `yaml:"crl_hosts" doc:"hosts (or host:port) from which revocation lists may be fetched"`
		Policy   string   `yaml:"policy" default:"default" doc:"how files are judged: default or strict"`
	} `yaml:"trust"`

	TSA struct {
		URL          string        `yaml:"url" doc:"time-stamping authority (RFC 3161) for levels from B-T on"`
		Fallback     []string      `yaml:"fallback" doc:"further authorities, asked in this order when those before do not answer well"`
		Timeout      time.Duration `yaml:"timeout" default:"30s" doc:"how long each is waited for while a person waits too"`
		QueueTimeout time.Duration `yaml:"queue_timeout" default:"180s" doc:"how long each is waited for by queued jobs"`
		GiveUp       time.Duration `yaml:"give_up" default:"168h" doc:"how long a queued level is tried for"`
		RenewBefore  time.Duration `yaml:"renew_before" default:"720h" doc:"how long before its path ends an archive time-stamp (B-LTA) is renewed"`
	} `yaml:"tsa"`

	Journal struct {
		CheckpointEvery time.Duration `yaml:"checkpoint_every" default:"1m" doc:"how often the parent is shown the head of the journal, to cosign it"`
		StampEvery      time.Duration `yaml:"stamp_every" default:"1h" doc:"how often the head of the journal is time-stamped, where tsa.url names an authority"`
	} `yaml:"journal"`

	Signing struct {
		WaitLevel  time.Duration `yaml:"wait_level" default:"0s" doc:"how long sending waits for a queued level of a file; then the file is sent as it was signed"`
		KeyLife    time.Duration `yaml:"key_life" default:"30m" doc:"how long a key stays open that a person activated"`
		Dynamic    string        `yaml:"dynamic" default:"ask" doc:"files whose content can change by itself: ask (signed where the request allows it), refuse or allow; all are journalled"`
		Revocation string        `yaml:"revocation" default:"refuse" doc:"agency keys for which no fresh revocation data can be had: refuse or warn; personal keys warn"`
	} `yaml:"signing"`

	CrossCheck string `yaml:"cross_check" doc:"second opinion on every signature that is made: pdfsign, in a process of its own; none if empty"`

	Calendar string `yaml:"calendar" doc:"YAML file with the days and hours that are worked, by which deadlines are counted (docs/calendar.example.yaml); if empty, only Saturdays and Sundays are free"`

	Repair bool `yaml:"repair" default:"false" doc:"sign damaged files too, with a complete cross-reference section appended; the journal says so of each"`

	Order struct {
		RequireNumber []string `yaml:"require_number" doc:"agencies (id or code, * for all) that seal no letter without a number; others are warned"`
		SealUnsigned  []string `yaml:"seal_unsigned" doc:"agencies (id or code, * for all) that may seal what none of their own has signed (Decree 30/2020, Art. 32, 33); the journal says so of each"`

		SendDelay map[string]time.Duration `yaml:"send_delay" doc:"agency (id or code, * for all) to how long what it sends waits here, so that it can be taken back: 10m; none if it is not named. What is HỎA TỐC goes at once"`
	} `yaml:"order"`

	Keys []keyConfig `yaml:"keys" doc:"signing keys that this node holds"`

	Limits struct {
		File    byteSize `yaml:"file" default:"4GiB" doc:"largest file that is taken"`
		Reserve byteSize `yaml:"reserve" default:"256MiB" doc:"bytes that stay free where files are kept for letters that go up, as many for those that go down, which the others cannot use, and as many for neither, so that receipts still come in; letters for agencies here may use all but the last"`
		Message byteSize `yaml:"message" default:"4MiB" doc:"largest gRPC message"`
		Calls   int      `yaml:"calls" default:"1000" doc:"calls and watches that one user or peer may have in progress at once"`

		Quota struct {
			PeerBytes     byteSize `yaml:"peer_bytes" default:"0" doc:"bytes of letters from one neighbour, what its broken transfers left included, and of those for one, that may be held at once; 0: half of the space for letters"`
			PeerLetters   int      `yaml:"peer_letters" default:"2000000" doc:"as above, letters: one for each recipient, until the next node has taken it over, or an agency here has acknowledged it (24 hours at most)"`
			AgencyBytes   byteSize `yaml:"agency_bytes" default:"0" doc:"bytes of letters that one agency has sent, and of uploads that it has not finished, that may be held here at once; 0: half of the space for letters"`
			AgencyLetters int      `yaml:"agency_letters" default:"2000000" doc:"as above, letters"`
			LowWater      int      `yaml:"low_water" default:"90" doc:"what was refused for space or a quota is taken again when so much of the limit is used, in per cent"`
		} `yaml:"quota"`

		Grace time.Duration `yaml:"grace" default:"10s" doc:"how long calls in progress may take after the node is told to stop; then they are cut"`
	} `yaml:"limits"`

	Scrub struct {
		Rate  byteSize      `yaml:"rate" default:"8MiB" doc:"bytes of stored files that are read again a second, and compared with their digests; 0 for none"`
		Every time.Duration `yaml:"every" default:"720h" doc:"how long at least from the beginning of one reading of all files to the next"`
	} `yaml:"scrub"`

	Retention struct {
		TransitFiles time.Duration `yaml:"transit_files" default:"168h" doc:"how long files of letters that only passed through are kept after the last delivery here has ended; 0 for ever. Envelopes, digests and statements stay"`
		Documents    []string      `yaml:"documents" doc:"for how many full calendar years the text of documents is kept after the one in which they came to an end here, by type: CV=10 (công văn), QĐ=70, TTr=forever, and *=20 for all that is not named. Routes, digests, statements and the journal stay; nothing that is held goes (lienthong hold). Empty: for ever"`
	} `yaml:"retention"`

	Admin struct {
		Listen  string   `yaml:"listen" doc:"address of /metrics, /healthz and /readyz over HTTP, such as 127.0.0.1:9443; none if empty"`
		Remote  bool     `yaml:"remote" default:"false" doc:"other machines may reach that address: nobody is asked who they are, so let a firewall say who may"`
		MinFree byteSize `yaml:"min_free" default:"1GiB" doc:"free bytes where files are kept below which /readyz says that the node is not ready"`
	} `yaml:"admin"`

	Gateway struct {
		Listen      string `yaml:"listen" doc:"address on which the HTTP calls of the national document axis are served over TLS (docs/gateway.md), such as :8443; none if empty"`
		Certificate string `yaml:"certificate" doc:"PEM file with the certificate of that address, and what leads to its anchor; this node's certificate if empty"`
		Key         string `yaml:"key" doc:"PEM file with its private key; the file of the certificate if empty"`
		Calls       int    `yaml:"calls" default:"16" doc:"calls that one token may have in progress there at once"`
		Rate        int    `yaml:"rate" default:"1200" doc:"calls that one token may begin there in a minute"`
	} `yaml:"gateway"`

	Log struct {
		Level  string `yaml:"level" default:"info" doc:"debug, info, warn or error"`
		Format string `yaml:"format" default:"json" doc:"json or text"`
	} `yaml:"log"`

	Environment string `yaml:"environment" default:"production" doc:"production, or test: a node that is there for tests, whose clock LIENTHONG_CLOCK_OFFSET may move; no variable overrides this key"`

	Traces struct {
		Endpoint string `yaml:"otlp_endpoint" doc:"URL of an OpenTelemetry collector (OTLP over gRPC) that is told of calls and steps of letters: http://127.0.0.1:4317, or https://; none if empty"`
	} `yaml:"traces"`

	path string // of the file
}

// A keyConfig is one signing key.
type keyConfig struct {
	ID           string   `yaml:"id" doc:"name of the key for its users (required)"`
	Agency       string   `yaml:"agency" doc:"id or code of the agency for which it signs (required)"`
	URI          string   `yaml:"uri" doc:"pkcs12:FILE, pem:FILE, or pkcs11:token=…;object=…?module-path=LIBRARY (required)"`
	PasswordFile string   `yaml:"password_file" doc:"file that holds its password or PIN on the first line, and makes it unattended; empty: a user of the key activates it"`
	Role         string   `yaml:"role" default:"agency" doc:"personal or agency: the signature that it makes"`
	Holder       string   `yaml:"holder" doc:"whose key it is, for people"`
	Principals   []string `yaml:"principals" doc:"names of the users that may use it; a personal key has exactly one"`
}

// loadConfig reads the file, fills in the defaults, and lets the environment
// override it.
func loadConfig(path string, env func(string) (string, bool)) (*config, error) {
	data, err := readLimited(path, 1<<20)
	if err != nil {
		return nil, err
	}
	c := &config{path: path}
	fillDefaults(c)
	decoder := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := decoder.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlError(path, err)
	}
	for i := range c.Keys {
		fillDefaults(&c.Keys[i])
	}
	if err := c.checkEnvironment(env); err != nil {
		return nil, err
	}
	if err := overrideFromEnv(c, env); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := c.resolve(); err != nil {
		return nil, err
	}
	return c, nil
}

// yamlError says file, line and column, without the library's drawing of the
// source, which does not fit on the one line of an error.
func yamlError(path string, err error) error {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil {
		return failf(exitUsage, "%s: %v", path, err)
	}
	at := e.GetToken().Position
	return fail(exitUsage, fmt.Errorf("%s:%d:%d: %s", path, at.Line, at.Column, e.GetMessage()),
		"every key is described by: lienthong serve --help-config")
}

func (c *config) check() error {
	var missing []string
	for _, k := range []struct{ key, value string }{{"node", c.Node}, {"tls.certificate", c.TLS.Certificate + uriOf(c.TLS.Key)}} {
		if k.value == "" {
			missing = append(missing, k.key)
		}
	}
	if len(c.Directory.Authority) == 0 {
		missing = append(missing, "directory.authority")
	}
	for i, k := range c.Keys {
		if k.ID == "" || k.Agency == "" || k.URI == "" {
			missing = append(missing, fmt.Sprintf("keys[%d]: id, agency and uri", i))
		}
		if k.Role != "agency" && k.Role != "personal" {
			return failf(exitUsage, "%s: keys[%d].role %q: want personal or agency", c.path, i, k.Role)
		}
		if k.Role == "personal" && len(k.Principals) != 1 {
			return failf(exitUsage, "%s: keys[%d].principals: %d users, but a personal key serves exactly one", c.path, i, len(k.Principals))
		}
	}
	if len(missing) > 0 {
		return fail(exitUsage, fmt.Errorf("%s: required keys are missing: %v", c.path, missing), "lienthong serve --help-config")
	}
	for _, choice := range []struct {
		key, value string
		of         []string
	}{{"signing.dynamic", c.Signing.Dynamic, []string{"ask", "refuse", "allow"}}, {"signing.revocation", c.Signing.Revocation, []string{"refuse", "warn"}}} {
		if !slices.Contains(choice.of, choice.value) {
			return failf(exitUsage, "%s: %s %q: want %s", c.path, choice.key, choice.value, strings.Join(choice.of, " or "))
		}
	}
	if _, err := retentionYears(c.Retention.Documents); err != nil {
		return failf(exitUsage, "%s: retention.documents: %v", c.path, err)
	}
	if _, err := newSecondOpinion(c.CrossCheck); err != nil {
		return failf(exitUsage, "%s: cross_check: %v", c.path, err)
	}
	if c.Admin.Listen != "" {
		if err := admin.Check(c.Admin.Listen, c.Admin.Remote); err != nil {
			return fail(exitUsage, fmt.Errorf("%s: admin.listen: %w", c.path, err), "admin.remote: true lets other machines reach it")
		}
	}
	if c.Limits.Grace < 0 {
		return failf(exitUsage, "%s: limits.grace %s: want 0s or more", c.path, c.Limits.Grace)
	}
	if c.Limits.Calls <= 0 {
		return failf(exitUsage, "%s: limits.calls %d: want 1 or more", c.path, c.Limits.Calls)
	}
	if c.Gateway.Calls <= 0 || c.Gateway.Rate <= 0 {
		return failf(exitUsage, "%s: gateway.calls %d, gateway.rate %d: want 1 or more of each", c.path, c.Gateway.Calls, c.Gateway.Rate)
	}
	if c.Limits.File <= 0 || c.Limits.Message < 1<<20 {
		return failf(exitUsage, "%s: limits: want file above 0 and message of 1MiB or more", c.path)
	}
	return nil
}

// resolve makes the names of files relative to the folder of the configuration.
func (c *config) resolve() error {
	base := filepath.Dir(c.path)
	if err := c.inBucket(); err != nil {
		return err
	}
	c.Store = store.Rebase(c.Store, c.Data, func(name string) string { return under(base, name) })
	for _, p := range []*string{&c.Data, &c.TLS.Certificate, &c.TLS.PasswordFile, &c.Directory.File, &c.Calendar, &c.Gateway.Certificate, &c.Gateway.Key} {
		*p = under(base, *p)
	}
	for _, list := range [][]string{c.Directory.Authority, c.Trust.Anchors, c.Trust.CRLs} {
		for i := range list {
			list[i] = under(base, list[i])
		}
	}
	for i := range c.Keys {
		k := &c.Keys[i]
		k.PasswordFile = under(base, k.PasswordFile)
		k.URI = underURI(base, k.URI)
	}
	if uriOf(c.TLS.Key) != "" {
		c.TLS.Key = underURI(base, c.TLS.Key)
	} else {
		c.TLS.Key = under(base, c.TLS.Key)
	}
	if c.TLS.Key == "" {
		c.TLS.Key = c.TLS.Certificate
	}
	if c.Gateway.Key == "" {
		c.Gateway.Key = c.Gateway.Certificate
	}
	if c.Store == "" {
		c.Store = "sqlite:" + c.Data
	}
	return nil
}

// underURI is under for the file of a key's URI.
func underURI(base, uri string) string {
	for _, scheme := range []string{"pkcs12:", "pem:"} {
		if rest, ok := strings.CutPrefix(uri, scheme); ok {
			return scheme + under(base, rest)
		}
	}
	return uri
}

func under(base, name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(base, name)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
