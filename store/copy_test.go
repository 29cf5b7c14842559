package store_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpg"
	"lienthong/journal"
	"lienthong/store"
	"lienthong/store/storetest"
)

// onServer is the URL of a new store on a PostgreSQL server.
func onServer(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(testpg.New(t))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("blobs", filepath.Join(t.TempDir(), "files"))
	u.RawQuery = q.Encode()
	return u.String()
}

// letters is a copy of a store with letters in every state, and files.
func letters(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "node")
	if err := os.CopyFS(dir, os.DirFS("../testdata/store-v1")); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + dir
}

type exporter interface {
	Export(ctx context.Context, only []string, row func(table string, columns []string, values []any) error) error
}

// content is all rows of a store, by table, in a form that does not say of which kind it is.
func content(t *testing.T, at string) map[string][]string {
	t.Helper()
	rows, _, err := store.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string][]string{}
	if err := rows.(exporter).Export(t.Context(), nil, func(table string, columns []string, values []any) error {
		line := map[string]string{}
		for i, v := range values {
			if b, is := v.(bool); is {
				v = map[bool]int64{true: 1}[b]
			}
			line[columns[i]] = fmt.Sprintf("%T %v", v, v)
		}
		out[table] = append(out[table], fmt.Sprint(line)) // maps print in the order of their keys
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	delete(out, "path") // has an order of its own in each
	return out
}

// A store with letters in every state goes to a server and back to a file: the journal
// has the same root, every row is the same, every file is there, and letters go on.
func TestCopyThereAndBack(t *testing.T) {
	t.Parallel()
	first, second, third := letters(t), onServer(t), "sqlite:"+filepath.Join(t.TempDir(), "back")
	toEnd(t, first)
	var roots []envelope.Digest
	for _, way := range [][2]string{{first, second}, {second, third}} {
		report, err := store.Copy(t.Context(), way[0], way[1])
		if err != nil || len(report.Problems) > 0 {
			t.Fatalf("%v: %+v, %v", way, report, err)
		}
		if report.Leaves == 0 || report.Files == 0 {
			t.Errorf("%+v: nothing was copied", report)
		}
		roots = append(roots, report.Root)
	}
	if roots[0] != roots[1] {
		t.Errorf("roots %s and %s", roots[0], roots[1])
	}
	want := content(t, first)
	if len(want) < 8 || len(want["delivery"]) == 0 || len(want["retirement"]) != 1 || len(want["statement"]) == 0 {
		t.Fatalf("the store has rows in %d tables", len(want))
	}
	for _, at := range []string{second, third} {
		if diff := cmp.Diff(want, content(t, at)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", at, diff)
		}
		goesOn(t, at)
	}
	if _, err := store.Copy(t.Context(), first, second); err == nil || !strings.Contains(err.Error(), "name a store that is new") {
		t.Errorf("copied over a store in use: %v", err)
	}
}

// toEnd has a store say that its node is to end.
func toEnd(t *testing.T, at string) {
	t.Helper()
	rows, _, err := store.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	end := exchange.Retirement{Since: 1_795_000_000_000_000, By: "quản-trị", Reason: "sáp nhập"}
	if _, err := rows.Commit(t.Context(), exchange.Change{Retirement: &end, Entries: []journal.Entry{
		{Time: end.Since, Actor: journal.System, Action: "node.retire", Outcome: journal.OutcomeOK}}}); err != nil {
		t.Fatal(err)
	}
}

// goesOn takes a letter into a store, with a row of each kind that is numbered.
func goesOn(t *testing.T, at string) {
	t.Helper()
	rows, files, err := store.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	storetest.Counted(t, rows, 0, 1<<62)
	defer storetest.Counted(t, rows, 1<<62)
	before, err := rows.OutboxPeers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	digest, err := files.Put(t.Context(), []byte("a file of 20,000 bytes, or so it says"))
	if err != nil {
		t.Fatal(err)
	}
	c := letter(envelope.ID{1}, digest, 1_800_000_000_000_000)
	c.Queue = []exchange.OutboxRow{{Key: c.Deliveries[0].Key, Peer: "district"}}
	c.Statements = []exchange.StatementRow{{Key: envelope.StatementKey{Recipient: "agency-2", Issuer: "ward"}, SendTo: "district",
		Sealed: c.Letter.Sealed, Digest: c.Letter.Digest}}
	if _, err := rows.Commit(t.Context(), c); err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	after, err := rows.OutboxPeers(t.Context())
	if err != nil || after["district"] != before["district"]+1 {
		t.Errorf("%d rows wait for the district, %v; want one more than %d", after["district"], err, before["district"])
	}
	verifyJournal(t, rows)
}

// What is wrong with a store is named.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	at := letters(t)
	_, dir, _ := strings.Cut(at, ":")
	found := func(read bool) string {
		t.Helper()
		rows, files, err := store.Open(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		report, err := store.Check(t.Context(), rows, files, read)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(report.Problems, "\n")
	}
	if got := found(true); got != "" {
		t.Fatalf("a good store: %s", got)
	}
	all, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*", "*", "*"))
	if err != nil || len(all) == 0 {
		t.Fatalf("%d files, %v", len(all), err)
	}
	data, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(all[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := found(false); got != "" {
		t.Errorf("without reading: %s", got)
	}
	if got := found(true); !strings.Contains(got, filepath.Base(all[0])+": its bytes hash to") {
		t.Errorf("a changed byte: %q", got)
	}
	if err := os.Remove(all[0]); err != nil {
		t.Fatal(err)
	}
	if got := found(false); !strings.Contains(got, "not found") {
		t.Errorf("a file that is gone: %q", got)
	}
}

// blobsOf is the folder of files that a store's URL names.
func blobsOf(t *testing.T, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("blobs")
}
