package sqlite

import (
	"testing"
	"time"

	"lienthong/store/storetest"
)

// A register of 100,000 documents answers every search at once.
func TestSearchManyDocuments(t *testing.T) {
	if testing.Short() {
		t.Skip("files 100,000 documents")
	}
	storetest.Search(t, open, 100_000, 50*time.Millisecond)
}
