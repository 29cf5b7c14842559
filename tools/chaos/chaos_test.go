package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// A short campaign of every family that needs no recorder: nothing that was promised is
// missing. LIENTHONG_SEED repeats a run.
func TestShortCampaign(t *testing.T) {
	if testing.Short() {
		t.Skip("breaks processes for half a minute")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	args := []string{"-rounds", "2", "-load", "1500ms", "-only", "kill,network,database-network,database,clock"}
	if seed := os.Getenv("LIENTHONG_SEED"); seed != "" {
		args = append(args, "-seed", seed)
	}
	var out bytes.Buffer
	err := run(ctx, args, &out)
	t.Logf("%s", out.Bytes())
	switch {
	case errors.Is(err, errNoDatabase) && os.Getenv("CI") != "true":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	case !strings.Contains(out.String(), "2 rounds passed"):
		t.Error("two rounds did not pass")
	}
}

// A letter that is missing, doubled, changed or unasked for is complained of: else a
// campaign proves nothing.
func TestComplaints(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, want string }{
		{"whole", ""},
		{"lost", "is 0 times in the inbox"},
		{"twice", "is 2 times in the inbox"},
		{"changed", "has another envelope"},
		{"stranger", "nobody was promised it"},
		{"old twice", "of an earlier round is 2 times"},
		{"status lost", "has status 1, and 3 was promised"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &round{ledger: newLedger(), known: map[string]bool{"7": true}}
			r.ledger.promised(&letter{number: "10", agency: "a-xa", to: []string{"a-tinh"}, digest: []byte{1}})
			r.ledger.answered("10", "a-tinh", answer{code: 1, began: time.Now()})
			if tt.name == "status lost" {
				r.ledger.answered("10", "a-tinh", answer{code: 3, began: time.Now()})
			}
			got := strings.Join(r.wrongIn(inboxesOf(tt.name)), "; ")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("complaints %q, want %q", got, tt.want)
			}
		})
	}
}
