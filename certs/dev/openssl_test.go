package dev_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/certs/dev"
	"lienthong/internal/testtool"
)

// TestOpenSSL has another program judge what the folder holds and what its
// server answers.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	testtool.Find(t, "openssl")
	p, dir, l := create(t, everyone...)
	serve(t, p, l)
	openssl := func(args ...string) (string, error) {
		output, err := exec.Command("openssl", args...).CombinedOutput()
		return string(output), err
	}
	verify := func(file string, more ...string) (string, error) {
		args := []string{"verify", "-attime", fmt.Sprint(start.Unix()), "-CAfile", p.RootFile(), "-untrusted", filepath.Join(dir, "issuing.pem"),
			"-CRLfile", filepath.Join(p.CRLDir(), "root.crl"), "-CRLfile", filepath.Join(p.CRLDir(), "issuing.crl"), "-crl_check_all", "-x509_strict"}
		return openssl(append(append(args, more...), file)...)
	}
	all, err := p.List()
	if err != nil {
		t.Fatal(err)
	}
	purposes := map[dev.Kind]string{dev.Node: "sslserver", dev.Client: "sslclient", dev.TSA: "timestampsign", dev.Agency: "smimesign", dev.Person: "smimesign", dev.Directory: "any", dev.OCSP: "ocsphelper"}
	for _, i := range all {
		if output, err := verify(i.CertFile, "-purpose", purposes[i.Kind]); err != nil {
			t.Errorf("%s %q: %v\n%s", i.Kind, i.ID, err, output)
		}
	}
	ask := func(file string) (string, error) {
		// The folder's clock is not this machine's: a wide tolerance for the times.
		return openssl("ocsp", "-issuer", filepath.Join(dir, "issuing.pem"), "-cert", file, "-url", p.BaseURL()+"/ocsp/issuing", "-CAfile", p.RootFile(),
			"-verify_other", filepath.Join(dir, "issuing.pem"), "-attime", fmt.Sprint(start.Unix()), "-validity_period", "2000000000")
	}
	if output, err := ask(all[0].CertFile); err != nil || !strings.Contains(output, "Response verify OK") || !strings.Contains(output, ": good") || strings.Contains(output, "WARNING") {
		t.Errorf("OCSP: %v\n%s", err, output)
	}
	if err := p.Revoke(all[0].Certificate.SerialNumber, 1); err != nil {
		t.Fatal(err)
	}
	if output, err := verify(all[0].CertFile); err == nil || !strings.Contains(output, "certificate revoked") {
		t.Errorf("revoked: %v\n%s", err, output)
	}
	if output, err := ask(all[0].CertFile); err != nil || !strings.Contains(output, ": revoked") || !strings.Contains(output, "Reason: keyCompromise") {
		t.Errorf("OCSP: %v\n%s", err, output)
	}

	query, reply := filepath.Join(t.TempDir(), "q.tsq"), filepath.Join(t.TempDir(), "r.tsr")
	if output, err := openssl("ts", "-query", "-data", p.RootFile(), "-sha256", "-cert", "-out", query); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	body, err := os.ReadFile(query)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(p.TSAURL(), "application/timestamp-query", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(reply, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := openssl("ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", p.RootFile(),
		"-untrusted", filepath.Join(dir, "issuing.pem"), "-attime", fmt.Sprint(start.Unix())); err != nil {
		t.Errorf("time-stamp: %v\n%s", err, output)
	}
}
