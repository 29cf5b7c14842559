package exchange

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/exchange/calendar"
	"lienthong/exchange/notation"
	"lienthong/journal"
)

// Classes of documents that are no abbreviation of a type.
const (
	ClassLetter = "CV" // công văn, which has none (Decree 30/2020, Appendix III)
	ClassOther  = "*"  // in a policy: all that it does not name
	classUnread = "-"  // of a kind that this version does not read
)

// maxClass bounds a class, in bytes: what a stranger calls a type may be of any length.
const maxClass = 32

// Years is for how many full calendar years documents of a class are kept after the one in
// which their last letter came to an end here; 0 is for ever.
func (r *Retention) Years(class string) int {
	if years, ok := r.Documents[class]; ok {
		return years
	}
	return r.Documents[ClassOther]
}

// bounded reports that not all is kept for ever.
func (r *Retention) bounded() bool {
	for _, years := range r.Documents {
		if years > 0 {
			return true
		}
	}
	return false
}

// classOf is the class of a document, by which a policy says for how long it is kept.
func classOf(m *envelope.Metadata) string {
	switch class := strings.ToUpper(notation.Clean(m.TypeCode)); {
	case class == "":
		return ClassLetter
	case len(class) > maxClass || class == ClassOther:
		return classUnread
	default:
		return class
	}
}

// yearsFrom is from when the years of what ended at a time count: the year after it.
func yearsFrom(ended int64) int64 {
	year := time.UnixMicro(ended).In(calendar.Zone).Year()
	return time.Date(year+1, 1, 1, 0, 0, 0, 0, calendar.Zone).UnixMicro()
}

// agedUpTo is from when years may count at the latest, to be over.
func agedUpTo(now time.Time, years int) int64 { return now.AddDate(-years, 0, 0).UnixMicro() }

// retainAged lets the text of documents go that are as old as the policy says.
func (n *Node) retainAged(ctx context.Context) (erased int, err error) {
	if !n.cfg.Retention.bounded() {
		return 0, nil
	}
	if err := n.classify(ctx); err != nil {
		return 0, err
	}
	classes, err := n.cfg.Store.Classes(ctx)
	if err != nil {
		return 0, err
	}
	for _, class := range classes {
		years := n.cfg.Retention.Years(class)
		if years <= 0 {
			continue
		}
		done, err := n.retainClass(ctx, class, agedUpTo(n.cfg.Now(), years))
		if erased += done; err != nil {
			return erased, err
		}
	}
	return erased, nil
}

// classify says the class of letters that were taken by a version that knew none.
func (n *Node) classify(ctx context.Context) error {
	for {
		letters, err := n.cfg.Store.Classless(ctx, eraseTogether)
		if err != nil || len(letters) == 0 {
			return err
		}
		d := n.draft(journal.System)
		for _, l := range letters {
			class := classUnread
			if content, ok := understood(l.Content); ok {
				class = classOf(&content.Metadata)
			}
			d.change.Agings = append(d.change.Agings, Aging{l.Key, class, yearsFrom(l.Received)})
		}
		d.entry("", "retention.class", "", fmt.Sprintf("letters=%d", len(letters)))
		if _, err := n.commit(ctx, d.change); err != nil {
			return err
		}
	}
}

func (n *Node) retainClass(ctx context.Context, class string, upTo int64) (erased int, err error) {
	for {
		letters, err := n.cfg.Store.Aged(ctx, class, upTo, AgedPlace{}, eraseTogether)
		if err != nil || len(letters) == 0 {
			return erased, err
		}
		done, err := n.letAge(ctx, letters, upTo)
		if erased += done; err != nil {
			return erased, err
		}
	}
}

// letAge lets the text go of documents that are old, with all their versions, and says of
// the others when to look again.
func (n *Node) letAge(ctx context.Context, letters []Letter, upTo int64) (erased int, err error) {
	var due [][]Letter
	var later []Aging
	seen := map[LetterKey]bool{}
	for i := range letters {
		if seen[letters[i].Key] {
			continue
		}
		a, err := n.ageOf(ctx, &letters[i])
		if err != nil {
			return 0, err
		}
		for _, l := range a.letters {
			seen[l.Key] = true
		}
		if a.due(n) {
			due = append(due, a.letters)
			continue
		}
		later = append(later, a.later(upTo)...)
	}
	erased, waits, err := n.eraseAll(ctx, due, true)
	for _, group := range waits {
		later = append(later, (&age{letters: group}).later(upTo)...)
	}
	if err != nil || len(later) == 0 {
		return erased, err
	}
	d := n.draft(journal.System)
	d.change.Agings = later
	d.entry("", "retention.later", "", fmt.Sprintf("letters=%d", len(later)))
	_, err = n.commit(ctx, d.change)
	return erased, err
}

// An age is what says whether a document may go: all letters of its thread, since a version
// cannot be understood without those before it, nor a recall without what it recalls.
type age struct {
	letters []Letter    // that have their text
	ended   int64       // when the last of them came to its end; 0: one has not
	holds   []LegalHold // that keep one of them
}

// ageOf reads the thread of a letter.
func (n *Node) ageOf(ctx context.Context, l *Letter) (*age, error) {
	a := &age{letters: []Letter{*l}, ended: l.Received}
	rows, err := n.cfg.Store.Deliveries(ctx, l.Key)
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		if rows, err = n.cfg.Store.Thread(ctx, rows[0].OriginAgency, rows[0].Thread, ""); err != nil {
			return nil, err
		}
	}
	known := map[LetterKey]bool{l.Key: true}
	for i := range rows {
		if rows[i].State != StateDelivered && !rows[i].State.ended() {
			a.ended = 0
		} else if a.ended > 0 {
			a.ended = max(a.ended, rows[i].Updated)
		}
		key := rows[i].Key.Letter()
		if known[key] {
			continue
		}
		known[key] = true
		other, err := n.cfg.Store.Letter(ctx, key)
		if err != nil {
			return nil, err
		}
		if other.Cleared == 0 {
			a.letters = append(a.letters, other)
		}
	}
	for _, l := range a.letters {
		holds, err := n.cfg.Store.HeldBy(ctx, l.Key)
		if err != nil {
			return nil, err
		}
		a.holds = append(a.holds, holds...)
	}
	return a, nil
}

// years is for how long the document is kept: as long as any of its letters.
func (a *age) years(r *Retention) int {
	most := 0
	for _, l := range a.letters {
		years := r.Years(l.Class)
		if years <= 0 {
			return 0
		}
		most = max(most, years)
	}
	return most
}

func (a *age) due(n *Node) bool { return len(a.holds) == 0 && a.over(&n.cfg.Retention, n.cfg.Now()) }

// over reports whether the years of the document are over at a time, held or not.
func (a *age) over(r *Retention, at time.Time) bool {
	years := a.years(r)
	return years > 0 && a.ended > 0 && yearsFrom(a.ended) <= agedUpTo(at, years)
}

// later is when to look again at a document that stays: not before its years are over by
// its class, and within 30 days where something else keeps it.
func (a *age) later(upTo int64) (out []Aging) {
	for _, l := range a.letters {
		from := yearsFrom(a.ended)
		if from <= upTo {
			from = lookAgain(l.Received, upTo)
		}
		out = append(out, Aging{l.Key, l.Class, from})
	}
	return out
}
