package testnode_test

import (
	"context"
	"net/url"
	"testing"

	"lienthong/exchange"
	"lienthong/internal/testnode"
	"lienthong/internal/testpg"
	"lienthong/journal"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/store"
)

// postgres is the URL of a store in a schema of its own.
func postgres(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(testpg.New(t))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("blobs", t.TempDir())
	u.RawQuery = q.Encode()
	return u.String()
}

// The province's node has its rows in PostgreSQL, the others in files: a letter goes
// up, is judged there, and answered; one goes down; the node is stopped in between.
func TestProvinceOnPostgres(t *testing.T) {
	t.Parallel()
	at := postgres(t)
	n := testnode.NewOver(t, map[string]string{"province": at})
	ward := clerkAt(t, n, "ward", testnode.Ward)
	if _, err := ward.Documents.SendDocument(context.Background(), n.Send("1", n.Letter(t, 1000), testnode.Province)); err != nil {
		t.Fatal(err)
	}
	d := until(t, ward, testnode.Ward, func(d *lienthongv1.Delivery) bool {
		return d.GetState() == lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED && d.GetVerdict() != ""
	})
	if d.GetVerdict() != "valid" {
		t.Errorf("verdict %q, want valid", d.GetVerdict())
	}
	n.Node("province").Stop(t)
	n.Node("province").Start(t)
	province := n.Node("province").User(t, "province", exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Province})
	down := n.Send("2", n.Letter(t, 300_000), testnode.Ward) // too large for a frame
	down.Agency = testnode.Province
	if _, err := province.Documents.SendDocument(context.Background(), down); err != nil {
		t.Fatal(err)
	}
	until(t, province, testnode.Province, inState(lienthongv1.DeliveryState_DELIVERY_STATE_DELIVERED))
	n.Node("province").Stop(t)
	verify(t, at)
}

// verify hashes the journal of a store again.
func verify(t *testing.T, url string) {
	t.Helper()
	rows, _, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	size, err := rows.TreeSize(t.Context())
	if err != nil || size == 0 {
		t.Fatalf("journal of %d leaves, %v", size, err)
	}
	leaves, err := rows.Leaves(t.Context(), 0, int(size))
	if err != nil {
		t.Fatal(err)
	}
	var edge journal.Edge
	for i, l := range leaves {
		if l.Index != uint64(i) {
			t.Fatalf("leaf %d comes at place %d", l.Index, i)
		}
		edge.Add(journal.LeafHash(l.Data))
	}
	root, err := journal.Root(size, journal.HashReaderFunc(func(indexes []int64) ([]journal.Hash, error) {
		return rows.Hashes(t.Context(), indexes)
	}))
	if err != nil || edge.Size() != size || root != edge.Root() {
		t.Errorf("%d leaves give root %x, the store has %d with %x, %v", edge.Size(), edge.Root(), size, root, err)
	}
}
