package exchange_test

import (
	"context"
	"os"
	"path/filepath"
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
