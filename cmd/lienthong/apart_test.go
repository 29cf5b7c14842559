package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/exchange"
	"lienthong/internal/testpki"
	"lienthong/signer"
)

// endsProcess judges, but for files that say on their first lines how the process is to end
// over them: no real file is known that does.
func endsProcess(trust *certs.Trust, evidence *certs.Evidence) exchange.ValidateFunc {
	judge := exchange.NewValidator(trust, evidence)
	return func(ctx context.Context, file exchange.Blob, at time.Time, policy string, claim *signer.Claim) (*signer.Report, error) {
		head := make([]byte, min(64, file.Size()))
		if _, err := file.ReadAt(head, 0); err != nil {
			return nil, err
		}
		_, how, _ := strings.Cut(string(head), "%ends:")
		how, _, _ = strings.Cut(how, "\n")
		switch how {
		case "stack":
			tooDeep(1)
		case "memory":
			tooMuch = make([]byte, 2*judgeMemory)
		case "time":
			for n := 1; ; n += 2 {
				if n == 0 {
					return nil, errors.New("it is never even")
				}
			}
		case "kill":
			p, err := os.FindProcess(os.Getpid())
			if err != nil {
				return nil, err
			}
			if err := p.Kill(); err != nil {
				return nil, err
			}
			select {}
		}
		return judge(ctx, file, at, policy, claim)
	}
}

var tooMuch []byte

func tooDeep(n int) int {
	if n < 0 {
		return 0
	}
	return tooDeep(n+1) + len(tooMuch)
}

func endingFile(how string) []byte {
	return []byte("%PDF-1.7\n%ends:" + how + "\n" + strings.Repeat("%\n", 100))
}

// A heldFile is a file in memory, of which reads may fail.
type heldFile struct {
	*bytes.Reader
	fault error
}

func (f heldFile) Close() error { return nil }

func (f heldFile) ReadAt(p []byte, off int64) (int, error) {
	if f.fault != nil {
		return 0, f.fault
	}
	return f.Reader.ReadAt(p, off)
}

// judgedApart is how a node with these anchors and lists has files judged apart.
func judgedApart(t *testing.T, pki *testpki.PKI) *apart {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := new(config)
	root := pki.CA
	for root.Issuer != nil {
		root = root.Issuer
	}
	cfg.Trust.Anchors = []string{write("root.cer", root.Certificate.Raw)}
	cfg.Trust.CRLs = []string{write("ca.crl", pki.List(pki.CA).Raw), write("root.crl", pki.List(root).Raw)}
	a, err := newApart(cfg, pki.Evidence())
	if err != nil {
		t.Fatal(err)
	}
	if a.self, err = exec.LookPath("lienthong"); err != nil { // of TestMain
		t.Fatal(err)
	}
	return a
}

// A child finds what the node finds: by the same anchors, lists, directory and clock.
func TestJudgedApart(t *testing.T) {
	t.Parallel()
	pki := testpki.New(t)
	letter, err := os.ReadFile("../../testdata/samples/01-ward-report.pdf")
	if err != nil {
		t.Fatal(err)
	}
	leaf := pki.Issue(testpki.Agency("UBND"), testpki.P256())
	var out bytes.Buffer
	if _, err := signer.Sign(t.Context(), bytes.NewReader(letter), leaf.Key(), signer.SignOptions{At: testpki.Now}, &out); err != nil {
		t.Fatal(err)
	}
	claim := &signer.Claim{Agency: "H55", Bind: func(c *x509.Certificate, _ time.Time) (signer.Binding, bool) {
		return signer.Binding{Agency: "H55", Role: signer.RoleAgency, Holder: "UBND"}, c.Equal(leaf.Certificate)
	}}
	a := judgedApart(t, pki)
	trust, evidence, err := loadTrust(a.task.Anchors, a.task.CRLs, nil)
	if err != nil {
		t.Fatal(err)
	}
	here := exchange.NewValidator(trust, evidence)
	for name, file := range map[string][]byte{"signed": out.Bytes(), "not signed": letter,
		"changed": bytes.Replace(out.Bytes(), []byte("/MediaBox"), []byte("/MediaBoy"), 1)} {
		for _, policy := range []string{"", "strict"} {
			want, err := here(t.Context(), heldFile{Reader: bytes.NewReader(file)}, testpki.Now, policy, claim)
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.validate(t.Context(), heldFile{Reader: bytes.NewReader(file)}, testpki.Now, policy, claim)
			if err != nil {
				t.Errorf("%s, %q: %v", name, policy, err)
				continue
			}
			x, _ := json.MarshalIndent(got, "", " ")
			y, _ := json.MarshalIndent(want, "", " ")
			if !bytes.Equal(x, y) {
				t.Errorf("%s, %q: apart %s\nhere %s", name, policy, x, y)
			}
			if name == "signed" && policy == "" && got.Verdict != signer.VerdictValid {
				t.Errorf("%s is %s", name, x)
			}
		}
	}
	for what, file := range map[string]heldFile{"no PDF": {Reader: bytes.NewReader([]byte("Cộng hòa"))}, "away": {bytes.NewReader(letter), exchange.ErrAway}} {
		_, err := a.validate(t.Context(), file, testpki.Now, "", nil)
		if err == nil || errors.Is(err, exchange.ErrCrashed) {
			t.Errorf("%s: %v, want that it cannot be read", what, err)
		}
	}
}

// Whatever becomes of a child over a file, its node has a report that says so.
func TestJudgedApartBearsCrashers(t *testing.T) {
	t.Parallel()
	a := judgedApart(t, testpki.New(t))
	a.task.CPU = time.Second
	for how, cause := range map[string]string{"stack": "stack overflow", "memory": "out of memory", "kill": "killed", "time": "killed"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			report, err := a.validate(t.Context(), heldFile{Reader: bytes.NewReader(endingFile(how))}, testpki.Now, "strict", nil)
			if !errors.Is(err, exchange.ErrCrashed) || report == nil {
				t.Fatalf("%+v, %v; want that the child has ended", report, err)
			}
			if f := report.Findings; report.Verdict != signer.VerdictIndeterminate || report.Policy.ID != "strict" || len(f) != 1 || f[0].Name != signer.FindingCrashed || !strings.Contains(f[0].Detail, cause) {
				t.Errorf("%+v, want an indeterminate report that says %q", report, cause)
			}
		})
	}
	gone := *a
	gone.self += "-which-is-gone"
	lost := *a
	lost.task.Anchors = []string{"no such file"}
	for _, a := range []apart{gone, lost} {
		if _, err := a.validate(t.Context(), heldFile{Reader: bytes.NewReader(endingFile("kill"))}, testpki.Now, "", nil); !errors.Is(err, exchange.ErrNotNow) || errors.Is(err, exchange.ErrCrashed) {
			t.Errorf("a child that cannot judge: %v, want %v", err, exchange.ErrNotNow)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.validate(ctx, heldFile{Reader: bytes.NewReader(endingFile("time"))}, testpki.Now, "", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever asks has gone: %v", err)
	}
}

// A letter that ends the process of its node does so once: the node that is started again
// judges it in a child, says so, and goes on.
func TestLetterThatEndsItsNode(t *testing.T) {
	t.Parallel()
	d := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	file := filepath.Join(t.TempDir(), "letter.pdf")
	if err := os.WriteFile(file, endingFile("kill"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.as(t, "ward", "send", "--number", "7", "--symbol", "CV-UBND", "--subject", "Một tệp lạ", "--signer", "Đặng Văn Hùng", "--to", "H55.08", file)
	n := d.world.nodes["province"]
	select {
	case <-n.exited:
	case <-ctx.Done():
		t.Fatal("the letter did not end its node: this test shows nothing")
	}
	n.log.Close()
	if err := n.start(ctx, d.world.self); err != nil {
		t.Fatal(err)
	}
	if err := d.world.await(ctx, "province"); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(d.as(t, "province", "inbox", "--agency", "H55.08", "--json"), `"verdict":"indeterminate"`) {
		select {
		case <-n.exited:
			t.Fatal("the letter has ended its node again")
		case <-ctx.Done():
			t.Fatal("the letter has no verdict")
		case <-tick.C:
		}
	}
	log, err := os.ReadFile(filepath.Join(n.dir, "node.log"))
	if err != nil || !slices.ContainsFunc(strings.Split(string(log), "\n"), func(line string) bool {
		return strings.Contains(line, "a file has ended the process that judged it")
	}) {
		t.Errorf("the log does not say so, %v", err)
	}
}
