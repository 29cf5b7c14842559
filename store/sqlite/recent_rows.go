package sqlite

import (
	"bytes"
	"cmp"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange"
)

// maxRecentRows bounds the rows of one value that is kept: a letter to hundreds of
// recipients is read from the database.
const maxRecentRows = 16

// maxRecentBytes bounds the bytes of a value that is kept.
const maxRecentBytes = 16 << 10

// An about is whose statements are read together.
type about struct {
	envelope  envelope.Digest
	recipient string
}

// recents are the rows that are kept.
type recents struct {
	deliveries recent[exchange.LetterKey, []exchange.Delivery]
	statements recent[about, []exchange.StatementRow]
	aims       recent[envelope.Digest, []exchange.Aim] // at an envelope, of all recipients
	paths      recent[envelope.Digest, exchange.Path]
	leaves     recent[uint64, []byte]
	principals recent[envelope.Digest, exchange.Principal] // by key
	retirement recent[struct{}, *exchange.Retirement]      // nil: there is none
}

// few reports whether a list may be kept.
func few[T any](list []T) bool { return len(list) <= maxRecentRows }

// changes are what a batch has written of the rows that are kept. Its lists are
// cut back where an operation is undone.
type changes struct {
	deliveries []exchange.Delivery     // as they are now, but for what never changes
	statements []exchange.StatementRow // that were added
	proven     []about                 // whose statements were changed
	begun      []*exchange.Letter      // that nothing was known of before
	aims       []envelope.Digest
	paths      []exchange.Path
	leaves     []exchange.Leaf
	principals bool
	retirement bool
	all        bool
}

// committing takes what a batch changes out, and gives the function that puts it back as it
// is after the commit.
func (r *recents) committing(c *changes) (done func(committed bool)) {
	var after []func(bool)
	for key, rows := range byLetter(c.deliveries) {
		had, known := r.deliveries.take(key)
		if !known {
			known = slices.ContainsFunc(c.begun, func(l *exchange.Letter) bool { return l.Key == key })
		}
		after = append(after, func(ok bool) {
			if ok = ok && known; ok {
				had, ok = withDeliveries(had, rows)
			}
			r.deliveries.give(key, had, ok)
		})
	}
	for key, rows := range byAbout(c) {
		had, known := r.statements.take(key)
		if !known {
			known = slices.ContainsFunc(c.begun, func(l *exchange.Letter) bool { return l.Digest == key.envelope })
		}
		known = known && !slices.Contains(c.proven, key) && len(had)+len(rows) <= maxRecentRows
		after = append(after, func(ok bool) { r.statements.give(key, slices.Concat(had, rows), ok && known) })
	}
	after = append(after, taking(&r.aims, c.aims))
	if c.principals || c.retirement || c.all {
		r.forget(c)
		after = append(after, func(bool) { r.forget(c) })
	}
	return func(committed bool) {
		for _, f := range after {
			f(committed)
		}
		if committed {
			r.added(c)
		}
	}
}

// forget empties what changes seldom, and then as a whole.
func (r *recents) forget(c *changes) {
	if c.principals || c.all {
		r.principals.forget()
	}
	if c.retirement || c.all {
		r.retirement.forget()
	}
	if c.all {
		r.deliveries.forget()
		r.statements.forget()
		r.aims.forget()
		r.paths.forget()
		r.leaves.forget()
	}
}

// added keeps what never changes once it is there.
func (r *recents) added(c *changes) {
	for _, p := range c.paths {
		r.paths.give(p.Tip, p, true)
	}
	for _, l := range c.leaves {
		r.leaves.give(l.Index, l.Data, len(l.Data) <= maxRecentBytes)
	}
}

// taking takes keys out, of which it is not known what their values are now.
func taking[K comparable, V any](r *recent[K, V], keys []K) (done func(bool)) {
	for _, key := range keys {
		r.take(key)
	}
	return func(bool) {
		for _, key := range keys {
			var none V
			r.give(key, none, false)
		}
	}
}

func byLetter(rows []exchange.Delivery) map[exchange.LetterKey][]exchange.Delivery {
	out := make(map[exchange.LetterKey][]exchange.Delivery, len(rows))
	for _, d := range rows {
		out[d.Key.Letter()] = append(out[d.Key.Letter()], d)
	}
	return out
}

func byAbout(c *changes) map[about][]exchange.StatementRow {
	out := make(map[about][]exchange.StatementRow, len(c.statements))
	for _, s := range c.statements {
		key := about{s.Key.Envelope, s.Key.Recipient}
		out[key] = append(out[key], s)
	}
	for _, key := range c.proven {
		out[key] = nil
	}
	return out
}

// withDeliveries is a list with rows as they were written, in the order of the list, one
// after the other; false: it is not known, or too long to be kept.
func withDeliveries(list, rows []exchange.Delivery) ([]exchange.Delivery, bool) {
	list = slices.Clone(list) // others read it
	for _, d := range rows {
		i := slices.IndexFunc(list, func(row exchange.Delivery) bool { return row.ID == d.ID })
		switch {
		case d.Revision == 1 && i < 0:
			list = append(list, d)
		case i < 0 || list[i].Revision+1 != d.Revision:
			return nil, false
		default:
			was := &list[i]
			d.Key, d.Digest, d.OriginAgency = was.Key, was.Digest, was.OriginAgency
			d.Kind, d.Thread, d.Version = was.Kind, was.Thread, was.Version
			list[i] = d
		}
	}
	slices.SortFunc(list, func(a, b exchange.Delivery) int {
		return cmp.Or(cmp.Compare(a.Key.Recipient, b.Key.Recipient), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return list, few(list)
}
