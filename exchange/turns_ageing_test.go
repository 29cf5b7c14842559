package exchange_test

import (
	"testing"
	"time"

	"lienthong/exchange"
)

// A stream of urgent files that never ends: one that is normal stands for ten seconds, and
// from then on moves one chunk for seven of theirs.
func TestNormalFileAges(t *testing.T) {
	t.Parallel()
	now := int64(1)
	turns := exchange.NewTurns(func() int64 { return now })
	normal, _ := turns.Join(1)
	second, _ := turns.Join(1)
	urgent, leave := turns.Join(4)
	moved := func(chunks int) (of, next int) {
		for range chunks {
			if !urgent() {
				t.Fatal("the urgent file stands")
			}
			if normal() {
				of++
			}
			if second() {
				next++
			}
			now += time.Millisecond.Microseconds()
		}
		return of, next
	}
	if of, next := moved(1000); of+next != 0 {
		t.Fatalf("%d chunks of normal files moved within a second, want none", of+next)
	}
	now += (10 * time.Second).Microseconds()
	if of, next := moved(700); of < 95 || of > 105 || next != 0 {
		t.Errorf("%d and %d chunks of two normal files moved beside 700, want one for seven, of the first", of, next)
	}
	// Another urgent one takes over: the share stays.
	leave()
	urgent, _ = turns.Join(4)
	if of, _ := moved(700); of < 95 || of > 105 {
		t.Errorf("%d chunks moved beside 700 of the next urgent file, want one for seven", of)
	}
}

// An urgent file that makes no way holds up the others no longer than a chunk each ten
// seconds.
func TestStalledUrgentFile(t *testing.T) {
	t.Parallel()
	now := int64(1)
	turns := exchange.NewTurns(func() int64 { return now })
	normal, _ := turns.Join(1)
	_, leave := turns.Join(4)
	n := 0
	for range 60 {
		now += time.Second.Microseconds()
		if normal() {
			n++
		}
	}
	if n != 6 {
		t.Errorf("%d chunks moved in a minute, want 6", n)
	}
	leave()
	for range 10 {
		if !normal() {
			t.Fatal("the normal file stands although nothing is more urgent")
		}
	}
}
