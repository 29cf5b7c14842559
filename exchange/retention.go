package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lienthong/journal"
)

// Retention is for how long a node keeps what it need not keep for ever.
type Retention struct {
	Transit   time.Duration  // files of letters that only passed through, after their last end here; 0 is for ever
	Documents map[string]int // by class of document: years, see [Retention.Years]
}

// retainPause is for how long a letter is left alone at least that has not come to an end,
// and at most, in microseconds: a day, and 30.
const (
	retainPause = 24 * 3600 * 1_000_000
	retainLimit = 30 * retainPause
)

// eraseTogether is how many letters lose their files in one act.
const eraseTogether = 64

// Retain lets go what the node has kept for as long as its policy says, and returns of how
// many letters. Each is journalled in the transaction that lets it go; routes, digests,
// statements and rows stay. The bytes go with the sweeps that follow. It also forgets recalls
// of what never came.
func (n *Node) Retain(ctx context.Context) (erased int, err error) {
	if err := n.forgetTombstones(ctx); err != nil {
		return 0, err
	}
	passed, err := n.retainPassed(ctx)
	if err != nil {
		return passed, err
	}
	aged, err := n.retainAged(ctx)
	return passed + aged, err
}

func (n *Node) retainPassed(ctx context.Context) (erased int, err error) {
	if n.cfg.Retention.Transit <= 0 {
		return 0, nil
	}
	upTo := n.now() - n.cfg.Retention.Transit.Microseconds()
	for {
		letters, err := n.cfg.Store.PassedThrough(ctx, upTo, eraseTogether)
		if err != nil || len(letters) == 0 {
			return erased, err
		}
		done, err := n.letPass(ctx, letters, upTo)
		if erased += done; err != nil {
			return erased, err
		}
	}
}

// letPass lets the files go of letters all of whose deliveries ended by a time, and says of
// the others when to look again.
func (n *Node) letPass(ctx context.Context, letters []Letter, upTo int64) (erased int, err error) {
	var due [][]Letter
	var later []Passing
	for _, l := range letters {
		from, err := n.passedFrom(ctx, &l, upTo)
		if err != nil {
			return 0, err
		}
		if from == 0 || from > upTo {
			later = append(later, Passing{l.Key, from})
			continue
		}
		due = append(due, []Letter{l})
	}
	erased, waits, err := n.eraseAll(ctx, due, false)
	for _, group := range waits {
		later = append(later, Passing{group[0].Key, lookAgain(group[0].Received, upTo)})
	}
	if err != nil || len(later) == 0 {
		return erased, err
	}
	d := n.draft(journal.System)
	d.change.Passings = later
	d.entry("", "retention.later", "", fmt.Sprintf("letters=%d", len(later)))
	_, err = n.commit(ctx, d.change)
	return erased, err
}

// passedFrom is from when the days of a letter that passes through count; see
// [passingFrom]. One that is held is looked at again later.
func (n *Node) passedFrom(ctx context.Context, l *Letter, upTo int64) (int64, error) {
	rows, err := n.cfg.Store.Deliveries(ctx, l.Key)
	if err != nil {
		return 0, err
	}
	from := passingFrom(rows, l.Received, upTo)
	if from == 0 || from > upTo {
		return from, nil
	}
	holds, err := n.cfg.Store.HeldBy(ctx, l.Key)
	if len(holds) > 0 {
		from = lookAgain(l.Received, upTo)
	}
	return from, err
}

// passingFrom is from when the days of a letter with these deliveries count: when the last
// of them ended, whatever was said of it since. 0 where one is at home here: it is a
// document then.
func passingFrom(rows []Delivery, received, upTo int64) int64 {
	from := received
	for i := range rows {
		switch {
		case rows[i].Home:
			return 0
		case rows[i].State != StateDelivered && !rows[i].State.ended():
			from = max(from, lookAgain(received, upTo))
		case rows[i].State == StateDelivered && rows[i].Arrived > 0:
			from = max(from, min(rows[i].Arrived, rows[i].Updated)) // by the home's clock
		default:
			from = max(from, rows[i].Updated)
		}
	}
	return from
}

// lookAgain is a time behind upTo: the older a letter is, the more seldom is it looked at.
func lookAgain(received, upTo int64) int64 {
	return upTo + min(max(retainPause, (upTo-received)/8), retainLimit)
}

// What is let go of letters: words of the journal.
const (
	ErasedFiles = "transit_files"
	ErasedText  = "text"
)

// eraseAll lets the files of letters go, or their text, in one act, or, where something
// waits for one of them after all, each group in an act of its own. waits are those that stay.
func (n *Node) eraseAll(ctx context.Context, groups [][]Letter, text bool) (erased int, waits [][]Letter, err error) {
	if len(groups) == 0 {
		return 0, nil, nil
	}
	what := ErasedFiles
	if text {
		what = ErasedText
	}
	d := n.draft(journal.System)
	for _, group := range groups {
		for _, l := range group {
			d.change.Erase = append(d.change.Erase, Erasure{Letter: l.Key, Text: text})
			d.entry(l.Agency, "letter.erase", l.Digest.String(), fmt.Sprintf("origin=%s letter=%s what=%s files=%d", l.Key.Origin, l.Key.ID, what, len(l.Files)))
		}
	}
	switch _, err := n.commit(ctx, d.change); {
	case err == nil:
		return len(d.change.Erase), nil, nil
	case !errors.Is(err, ErrStale):
		return 0, nil, err
	case len(groups) == 1:
		return 0, groups, nil
	}
	for i := range groups {
		done, waiting, err := n.eraseAll(ctx, groups[i:i+1], text)
		if erased, waits = erased+done, append(waits, waiting...); err != nil {
			return erased, waits, err
		}
	}
	return erased, waits, nil
}

// whole refuses what needs the files of a letter that were let go.
func (l *Letter) whole() error {
	if l.Erased == 0 {
		return nil
	}
	return fail(Precondition, ReasonErased, "the files of letter %s were erased on %s by retention policy: only their digests are here", l.Key.ID, timeText(l.Erased))
}

// legible refuses what needs the text of a letter that was let go.
func (l *Letter) legible() error {
	if l.Cleared == 0 {
		return nil
	}
	return fail(Precondition, ReasonErased, "the text of letter %s was erased on %s by retention policy: its route, digests and statements are here", l.Key.ID, timeText(l.Cleared))
}

// ReasonErased says that a policy has let go what was asked for.
const ReasonErased = "ERASED"
