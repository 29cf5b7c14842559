package sqlite

import (
	"testing"

	"lienthong/internal/migrate"
	"lienthong/store/storetest"
)

// A store in which recalls were counted as documents is counted anew when it is opened.
func TestCountsOfOlderStore(t *testing.T) {
	t.Parallel()
	conn := memory(t)
	before, with := storetest.StepsUntil(t, steps(), "_sent_documents.sql")
	counted := func() (n int) {
		t.Helper()
		if err := conn.QueryRowContext(t.Context(), `SELECT coalesce(sum(deliveries), 0) FROM sent_count`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := migrate.Up(t.Context(), conn, dialect, before); err != nil {
		t.Fatal(err)
	}
	for id, kind := range []int{1, 2, 3, 4} {
		if _, err := conn.ExecContext(t.Context(), `INSERT INTO delivery (id, envelope_id, origin_node, agency_id, origin_agency_id, digest, role, state, reason, home,
			from_peer, peer, urgency, created, updated, expires_at, held_until, tip, custodian, verdict, status, status_seq, verdict_seq, revision, changed, kind)
			VALUES (?1, ?1, 'ward', 'b', 'a', x'00', 1, 1, '', 0, '', '', 1, 1, 1, 1, 0, x'00', '', '', 0, 0, 0, 1, 1, ?2)`, []byte{byte(id)}, kind); err != nil {
			t.Fatal(err)
		}
	}
	recalls := counted()
	if err := migrate.Up(t.Context(), conn, dialect, with); err != nil {
		t.Fatal(err)
	}
	if after := counted(); recalls != 4 || after != 3 {
		t.Errorf("%d deliveries were counted, and %d after; want 4 and 3", recalls, after)
	}
	if _, err := conn.ExecContext(t.Context(), `DELETE FROM delivery WHERE kind IN (1, 4)`); err != nil {
		t.Fatal(err)
	}
	if n := counted(); n != 2 {
		t.Errorf("%d without the document and the recall, want 2", n)
	}
}
