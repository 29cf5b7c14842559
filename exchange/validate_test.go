package exchange_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/exchange"
)

// A letter that comes when the lists at hand are out of date is indeterminate, and
// valid when fresh ones are there: judged again by the job, each result signed, none
// overwritten.
func TestIndeterminateIsJudgedAgain(t *testing.T) {
	t.Parallel()
	w, n := signingWorld(t)
	ctx := context.Background()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "samples", "01-ward-report.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	file := n.upload("so", data)
	for _, key := range []string{"chairman", "seal"} {
		result, err := n.service.SignFile(ctx, clerk, exchange.SignRequest{Agency: "H55.so", File: file, Key: key, RequestID: key})
		if err != nil {
			t.Fatal(err)
		}
		file = result.File.Digest
	}
	w.advance(72 * time.Hour) // the lists are good for a day
	req := letter(t, "so", "phong")
	req.Files = []exchange.OutgoingFile{{Role: envelope.FileMain, Name: "báo cáo.pdf", MediaType: "application/pdf", Digest: file}}
	doc := n.send(req)
	verdict := func(want string) func() bool {
		return func() bool { d, ok := n.delivery(doc.Letter.Key, "phong"); return ok && d.Verdict == want }
	}
	n.eventually("an indeterminate verdict", verdict("indeterminate"))

	w.pki.SetTime(w.clock())
	w.evidence.AddCRLs(certs.SourceFile, w.pki.List(w.pki.CA), w.pki.List(w.pki.CA.Issuer))
	w.advance(2 * time.Hour)
	n.eventually("a valid one", verdict("valid"))

	d, _ := n.delivery(doc.Letter.Key, "phong")
	rows, err := n.store.Statements(ctx, d.Digest, "phong")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, row := range rows {
		st, err := envelope.ParseStatement(row.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		if st.Validated != nil {
			said = append(said, st.Validated.Verdict)
			for _, f := range st.Validated.Files {
				if _, err := n.store.Report(ctx, f.Report); err != nil {
					t.Errorf("the report of %q: %v", st.Validated.Verdict, err)
				}
			}
		}
	}
	if len(said) != 2 || said[0] != "indeterminate" || said[1] != "valid" {
		t.Errorf("statements %q, want indeterminate and valid", said)
	}
}

// An awayStore cannot be reached when verdicts are to be written, so many times.
type awayStore struct {
	exchange.Store
	times atomic.Int32
	fault error
}

func (s *awayStore) Commit(ctx context.Context, c exchange.Change) (exchange.Committed, error) {
	if len(c.Finished) > 0 && s.times.Add(-1) >= 0 {
		return exchange.Committed{}, s.fault
	}
	return s.Store.Commit(ctx, c)
}

// A store that is away, or full, when a letter has been judged costs it no more than that
// time: the job is not left to its lease of ten minutes.
func TestVerdictWaitsForTheStore(t *testing.T) {
	t.Parallel()
	for _, fault := range []error{exchange.ErrAway, exchange.ErrFull} {
		t.Run(fault.Error(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil, agencySpec{"so", "province"}, agencySpec{"phong", "province"})
			w.keys["province"] = w.key("province")
			w.directory.Nodes = []envelope.Node{{ID: "province", Addresses: []string{"province"}, Certificates: []envelope.NodeCertificate{{Certificate: w.keys["province"].Certificate.Raw}}}}
			away := &awayStore{fault: fmt.Errorf("here: %w", fault)}
			away.times.Store(1)
			w.config = func(c *exchange.Config) { away.Store, c.Store = c.Store, away }
			n := w.start("province", t.TempDir())
			doc := n.send(letter(t, "so", "phong"))
			n.eventually("a verdict", func() bool { d, ok := n.delivery(doc.Letter.Key, "phong"); return ok && d.Verdict != "" })
			if left := away.times.Load(); left >= 0 {
				t.Errorf("the store was never away, %d", left)
			}
		})
	}
}
