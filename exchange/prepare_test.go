package exchange_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
	"lienthong/signer"
)

func blankDraft(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "drafts", "01-blanks.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The law's order at a node: prepared, signed, numbered and sealed; and each repeat
// of a request gives what was made then.
func TestPreparedLetterIsNumberedAsItIsSealed(t *testing.T) {
	t.Parallel()
	_, n := signingWorld(t)
	n.signing.RequireNumber = func(agency string) bool { return agency == "so" }
	ctx := context.Background()
	req := exchange.PrepareFileRequest{Agency: "H55.so", File: n.upload("so", blankDraft(t)), RequestID: "prepare"}
	made, err := n.service.PrepareFile(ctx, clerk, req)
	if err != nil {
		t.Fatal(err)
	}
	if len(made.Details.Fields) != 4 || made.File.Name == "" {
		t.Errorf("prepared %+v", made)
	}
	again, err := n.service.PrepareFile(ctx, clerk, req)
	if diff := cmp.Diff(made, again); err != nil || diff != "" {
		t.Errorf("a repeat of the request: %v (-first +repeat):\n%s", err, diff)
	}
	req.Options.Without = []string{signer.FieldSeal}
	if _, err := n.service.PrepareFile(ctx, clerk, req); reason(err) != "REQUEST_ID_REUSED" {
		t.Errorf("the same request id with other content: %v", err)
	}
	personal, err := n.service.SignFile(ctx, clerk, exchange.SignRequest{Agency: "so", File: made.File.Digest, Key: "chairman"})
	if err != nil {
		t.Fatal(err)
	}
	seal := exchange.SignRequest{Agency: "so", File: personal.File.Digest, Key: "seal"}
	if _, err := n.service.SignFile(ctx, clerk, seal); reason(err) != signer.RefusedNumber {
		t.Errorf("a seal without a number: %v, want %s", err, signer.RefusedNumber)
	}
	seal.Options = signer.SignOptions{Number: "45/BC-UBND", Date: time.Date(2026, 11, 26, 0, 0, 0, 0, exchange.Vietnam)}
	sealed, err := n.service.SignFile(ctx, clerk, seal)
	if err != nil || sealed.Field != signer.FieldSeal || len(sealed.Warnings) > 0 {
		t.Fatalf("sealed %+v, %v", sealed, err)
	}
	report, err := n.service.Validate(ctx, clerk, "so", sealed.File.Digest, "H55.so", "")
	if err != nil || report.Verdict != signer.VerdictValid || !report.Original {
		t.Errorf("report %+v, %v; want valid and original", report, err)
	}
}

func TestPrepareFileRefuses(t *testing.T) {
	t.Parallel()
	_, n := signingWorld(t)
	ctx := context.Background()
	draft := n.upload("so", blankDraft(t))
	signed, err := n.service.SignFile(ctx, clerk, exchange.SignRequest{Agency: "so", File: draft, Key: "chairman"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, agency string
		file         envelope.Digest
		reason       string
	}{
		{"a signed file", "so", signed.File.Digest, signer.RefusedFile},
		{"no PDF", "so", n.upload("so", []byte("không phải PDF")), signer.RefusedFile},
		{"a file of another agency", "phong", draft, "NOT_FOUND"},
		{"an agency that is not here", "xa", draft, "UNKNOWN_AGENCY"},
	} {
		if _, err := n.service.PrepareFile(ctx, clerk, exchange.PrepareFileRequest{Agency: tt.agency, File: tt.file}); reason(err) != tt.reason {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.reason)
		}
	}
}

// Without the policy a seal without a number is made, with a warning; and the number
// that a card's signature came with counts when it is completed.
func TestSealWithoutNumber(t *testing.T) {
	t.Parallel()
	_, n := signingWorld(t)
	ctx := context.Background()
	made, err := n.service.PrepareFile(ctx, clerk, exchange.PrepareFileRequest{Agency: "so", File: n.upload("so", blankDraft(t))})
	if err != nil {
		t.Fatal(err)
	}
	personal, err := n.service.SignFile(ctx, clerk, exchange.SignRequest{Agency: "so", File: made.File.Digest, Key: "chairman"})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := n.service.SignFile(ctx, clerk, exchange.SignRequest{Agency: "so", File: personal.File.Digest, Key: "seal"})
	if err != nil || !slices.ContainsFunc(sealed.Warnings, func(w string) bool { return strings.HasPrefix(w, "the agency signs without a number") }) {
		t.Errorf("sealed %+v, %v", sealed, err)
	}

	n.signing.RequireNumber = func(string) bool { return true }
	key := n.signing.Keys[1].Key
	prepare := exchange.PrepareRequest{Agency: "so", Files: []envelope.Digest{personal.File.Digest}, Certificate: key.Certificate(), Chain: key.Chain()}
	if _, _, err := n.service.PrepareSignature(ctx, clerk, prepare); reason(err) != signer.RefusedNumber {
		t.Errorf("prepared without a number: %v", err)
	}
	prepare.Options.Number = "45"
	list, _, err := n.service.PrepareSignature(ctx, clerk, prepare)
	if err != nil {
		t.Fatal(err)
	}
	if list[0].Prepared.Number != "45/BC-UBND" {
		t.Errorf("number %q", list[0].Prepared.Number)
	}
	result, err := n.service.CompleteSignature(ctx, clerk, exchange.CompleteRequest{Agency: "so", Session: list[0].Session.ID, Signature: signatureBy(t, key, list[0].Prepared.Digest)})
	if err != nil {
		t.Fatal(err)
	}
	report, err := n.service.Validate(ctx, journal.Actor{Principal: "van-thu"}, "so", result.File.Digest, "H55.so", "")
	if err != nil || report.Verdict != signer.VerdictValid || !report.Original {
		t.Errorf("report %+v, %v; want valid and original", report, err)
	}
}

func reason(err error) string {
	var e *exchange.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}
