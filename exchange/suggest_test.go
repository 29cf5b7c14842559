package exchange

import (
	"fmt"
	"testing"
	"time"

	"lienthong/envelope"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{{"H55", "H55", 0}, {"H55", "H56", 1}, {"H55", "H5", 1}, {"H55", "5H5", 1}, {"H55.13", "H55.31", 1}, {"H55.13", "H56.31", 2}, {"H55", "G09", 3}, {"", "H5", 2}} {
		if got := distance([]byte(tt.a), tt.b, 2); got != tt.want {
			t.Errorf("%q to %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// A country's directory is indexed and asked in the time of a start, and of a call.
func TestLargeIndex(t *testing.T) {
	t.Parallel()
	d := envelope.Directory{Zone: "vn", Epoch: 1, Nodes: []envelope.Node{{ID: "a"}}}
	for i := range 125_000 {
		d.Agencies = append(d.Agencies, envelope.Agency{ID: fmt.Sprint("id-", i), Name: fmt.Sprint("Ủy ban nhân dân xã ", i), HomeNode: "a", Codes: []envelope.AgencyCode{{Code: fmt.Sprintf("H%02d.%d.%d", i/10_000, i/100%100, i%100), NotBefore: 1}}})
	}
	began := time.Now()
	dir, err := NewDirectory(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("indexed in %s", time.Since(began))
	began = time.Now()
	for i := range 125_000 {
		code := fmt.Sprintf("h%02d.%d.%d", i/10_000, i/100%100, i%100)
		if a, ok := dir.Agency(code); !ok || !dir.Route("a", a.ID).Here {
			t.Fatalf("%s: %+v", code, a)
		}
	}
	t.Logf("%s for one look-up with its route", time.Since(began)/125_000)
	began = time.Now()
	near := dir.near("H12.49.990", maxSuggestions)
	t.Logf("what is near a code in %s", time.Since(began))
	if len(near) != maxSuggestions || distance([]byte("H12.49.990"), near[0].Agency.Code, 2) != 1 {
		t.Errorf("near H12.49.990: %+v", near)
	}
}
