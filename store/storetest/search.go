package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/exchange/notation"
)

// Search files many documents and measures how long a search of each kind takes: none
// may take longer than limit, as the shortest of its calls (see timed). The first, which
// finds nothing in memory, and the median are logged.
func Search(t *testing.T, open Opener, documents int, limit time.Duration) {
	w := newWorld(t, open)
	begun := time.Now()
	changes := make([]exchange.Change, documents)
	for i := range changes {
		l := w.letter("ward", "agency-9", "peer")
		d := w.delivery(&l, "agency-1", true)
		w.spread(&l, &d, i, documents)
		change := exchange.Change{Letter: &l, Deliveries: []exchange.Delivery{d}, Entries: nil}
		change.Entries = append(change.Entries, w.entry("filed"))
		change.Filings = []exchange.Filing{w.filing(&l, &d, subject(i, documents))}
		change.Filings[0].By = acknowledgeBy(i, d.Arrived)
		changes[i] = change
	}
	parallel(256, func(k int) {
		for i := k * documents / 256; i < (k+1)*documents/256; i++ {
			if _, err := w.s.Commit(w.ctx, changes[i]); err != nil {
				t.Error(err)
				return
			}
		}
	})
	changes = nil
	t.Logf("%d documents filed in %s", documents, time.Since(begun).Round(time.Millisecond))
	w.reopen() // nothing of them is in this process any more
	w.tallies(limit)
	for _, tt := range []struct {
		name, text string
		least      int // of 50
	}{
		{"a word of every document", "·b1 ban", 50},
		{"the register alone", "·b1", 50},
		{"four frequent words", "·b1 uy ban nhan dan", 50},
		{"a frequent and a rare word", "·b1 ban hiem42", 1},
		{"a rare word", "·b1 hiem42", 1},
		{"a rare word of long ago", "·b1 xua", 50},
		{"no such word", "·b1 khongco", 0},
		{"a frequent and no such word", "·b1 ban khongco", 0},
		{"words that never meet", "·b1 le chan", 0},
		{"a prefix of a letter", "·b1 b*", 50},
		{"a prefix of many words", "·b1 hiem*", 50},
		{"a number", "·b1 777", 1},
		{"a number and a month", "·b1 777 ·m1|·m2|·m3|·m4|·m5|·m6", 1},
		{"months", "·b1 ·m2|·m3", 50},
		{"a status of every document", "·b1 ban ·z0", 50},
		{"a status of none", "·b1 ban ·z2", 0},
	} {
		timed(t, tt.name, limit, func() {
			found, err := w.s.FindFilings(w.ctx, "agency-1", terms(tt.text), 0, 50)
			if err != nil || len(found) < tt.least || tt.least == 0 && len(found) > 0 {
				t.Errorf("%s: %d found, %v; want %d", tt.name, len(found), err, tt.least)
			}
		})
	}
}

// timed calls at least 5 times, and at most 100 times until one call has taken no longer
// than limit: what else the machine does only adds time, and what is too slow is so each time.
func timed(t testing.TB, name string, limit time.Duration, call func()) {
	t.Helper()
	var took []time.Duration
	for len(took) < 5 || len(took) < 100 && slices.Min(took) > limit {
		at := time.Now()
		call()
		took = append(took, time.Since(at))
	}
	first := took[0]
	slices.Sort(took)
	t.Logf("%-30s first %8s  median %8s of %d", name, first.Round(10*time.Microsecond), took[len(took)/2].Round(10*time.Microsecond), len(took))
	if took[0] > limit {
		t.Errorf("%s took %s at the least of %d calls, at most %s", name, took[0], len(took), limit)
	}
}

// spread lets documents come over the days of a year, one in three with a day for its answer.
func (w *world) spread(l *exchange.Letter, d *exchange.Delivery, i, n int) {
	l.Received = start + int64(i)*(365*24*hour/int64(n))
	d.Created, d.Arrived, d.AnswerBy = l.Received, l.Received, 0
	if i%3 == 0 {
		d.AnswerBy = start + (l.Received-start)/(24*hour)*24*hour + int64(i%20)*24*hour
	}
}

// acknowledgeBy is the end of the day; of one in ten, which is urgent, a moment of its own.
func acknowledgeBy(i int, arrived int64) int64 {
	if i%10 == 0 {
		return arrived + 15*minute
	}
	return start + ((arrived-start)/(24*hour)+1)*24*hour
}

// tallies measures how long it takes to count a year of which nothing was acknowledged.
func (w *world) tallies(limit time.Duration) {
	Counted(w, w.s, start+365*12*hour)
	timed(w, "counting a year", limit, func() {
		if _, err := w.s.TallyFilings(w.ctx, "agency-1", exchange.WayIn, 0, 1<<30, w.now); err != nil {
			w.Error(err)
		}
		if _, err := w.s.TallySent(w.ctx, "agency-1", 0, 1<<30); err != nil {
			w.Error(err)
		}
	})
}

// subject makes the words of a document: some in each, some in one.
func subject(i, n int) string {
	words := []string{"·b1", fmt.Sprintf("·m%d", i*12/n+1), fmt.Sprint(i % 10_000)}
	text := "Về việc báo cáo kết quả rà soát thủ tục hành chính của Ủy ban nhân dân phường Ba Hàng quý IV"
	if i%2 == 0 {
		text += " chẵn"
	} else {
		text += " lẻ"
	}
	if i < n/20 {
		text += " xưa"
	}
	if i%100 == 42 {
		text += fmt.Sprintf(" hiếm%d", i/100)
	}
	words = append(words, notation.Words(text)...)
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}
