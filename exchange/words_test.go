package exchange_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A lockedBuffer takes what several goroutines log.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Why a person did something may name people, and a leaf stands for ever: it names the words by
// their digest, and the log has them.
func TestWordsAreNoLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"ward": "province", "province": ""}, agencySpec{"ba-hang", "ward"}, agencySpec{"thai-nguyen", "province"})
	w.node("ward").stop()
	log := &lockedBuffer{}
	w.config = func(c *exchange.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) }
	w.setDown("ward", "province", true)
	ward := w.start("ward", t.TempDir())
	key := ward.send(letter(t, "ba-hang", "thai-nguyen")).Letter.Key
	d, _ := ward.delivery(key, "thai-nguyen")

	var said []string
	why := func(what string) string {
		said = append(said, fmt.Sprintf("%s theo ý bà Nguyễn Thị Ngọc Bích", what))
		return said[len(said)-1]
	}
	for _, v := range ward.verbs("province") {
		if v.name == "redeliver" {
			continue // nothing was handed on
		}
		if _, err := v.do(t.Context(), operator, exchange.Order{Delivery: d.ID, Reason: why(v.name)}); err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
	}
	if _, err := ward.service.Retire(t.Context(), operator, why("retire")); err != nil {
		t.Fatal(err)
	}
	if _, err := ward.service.Unretire(t.Context(), operator, why("cancel")); err != nil {
		t.Fatal(err)
	}
	leaves, _, err := ward.service.Entries(t.Context(), 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	var journal strings.Builder
	for _, l := range leaves {
		journal.Write(l.Data)
	}
	if strings.Contains(journal.String(), "Bích") {
		t.Error("a leaf has the words of a person")
	}
	for _, words := range said {
		if !strings.Contains(journal.String(), "reason_sha256="+envelope.Sum([]byte(words)).String()) {
			t.Errorf("no leaf names %q by its digest", words)
		}
		if !strings.Contains(log.String(), words) {
			t.Errorf("the log lacks %q", words)
		}
	}
}
