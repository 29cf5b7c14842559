package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange"
)

// newest is the cursor before the highest id.
var newest = envelope.ID{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}

// before is the id below which a list that goes down begins.
func before(after envelope.ID) []byte {
	if after.IsZero() {
		return newest[:]
	}
	return after[:]
}

const letterColumns = `SELECT n, envelope_id, origin_node, agency_id, digest, sealed, content, from_peer,
	received, urgency, expires_at, staff, register, document, passing, erased, class, aging, cleared FROM letter `

const (
	selectLetter      = letterColumns + `WHERE envelope_id = ? AND origin_node = ?`
	selectDocuments   = letterColumns + `WHERE agency_id = ? AND from_peer = '' AND envelope_id < ? ORDER BY envelope_id DESC LIMIT 0+?`
	selectLetterFiles = `SELECT digest, size, leaf_root FROM letter_file WHERE letter = ? ORDER BY position`
	selectErasedFiles = `SELECT digest, size, leaf_root FROM erased_file WHERE letter = ? ORDER BY position`
	selectPath        = `SELECT tip, envelope_id, origin_node, from_peer, chain FROM path WHERE tip = ?`
)

// letterInto lists where the columns of a letter go.
func letterInto(n *int64, l *exchange.Letter) []any {
	return []any{n, fixed(l.Key.ID[:]), &l.Key.Origin, &l.Agency, fixed(l.Digest[:]), sealed{&l.Sealed}, &l.Content, &l.From,
		&l.Received, &l.Urgency, &l.Expires, &l.Staff, fixed(l.Register[:]), fixed(l.Document[:]), &l.Passing, &l.Erased, &l.Class, &l.Aging, &l.Cleared}
}

// Letter implements [exchange.Store].
func (s *Store) Letter(ctx context.Context, key exchange.LetterKey) (l exchange.Letter, err error) {
	var n int64
	if err := s.must(ctx, key.ID, selectLetter, []any{key.ID[:], key.Origin}, letterInto(&n, &l)...); err != nil {
		return exchange.Letter{}, err
	}
	l.Files, err = s.letterFiles(ctx, n)
	return l, err
}

// letterFiles are a letter's files; of one that was erased, perhaps since it was read, what
// they were.
func (s *Store) letterFiles(ctx context.Context, n int64) (files []exchange.LetterFile, err error) {
	for _, query := range []string{selectLetterFiles, selectErasedFiles} {
		if err = s.all(ctx, query, []any{n}, func(row scanner) error {
			var f exchange.LetterFile
			err := row.Scan(fixed(f.Digest[:]), unsigned{&f.Size}, fixed(f.LeafRoot[:]))
			files = append(files, f)
			return err
		}); err != nil || len(files) > 0 {
			break
		}
	}
	return files, err
}

// Documents implements [exchange.Store].
func (s *Store) Documents(ctx context.Context, agency string, after envelope.ID, limit int) ([]exchange.Letter, error) {
	return s.letters(ctx, selectDocuments, agency, before(after), limit)
}

func (s *Store) letters(ctx context.Context, query string, args ...any) (out []exchange.Letter, err error) {
	var rows []int64
	err = s.all(ctx, query, args, func(row scanner) error {
		var l exchange.Letter
		var n int64
		err := row.Scan(letterInto(&n, &l)...)
		out, rows = append(out, l), append(rows, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, n := range rows { // after the list is closed: readers have few connections
		if out[i].Files, err = s.letterFiles(ctx, n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Path implements [exchange.Store].
func (s *Store) Path(ctx context.Context, tip envelope.Digest) (p exchange.Path, err error) {
	var chain []byte
	if err := s.must(ctx, tip, selectPath, []any{tip[:]},
		fixed(p.Tip[:]), fixed(p.Letter.ID[:]), &p.Letter.Origin, &p.From, &chain); err != nil {
		return exchange.Path{}, err
	}
	p.Chain, err = parseChain(chain)
	return p, err
}

const deliveryColumns = `id, envelope_id, origin_node, agency_id, origin_agency_id, digest, role, home, state, reason,
	from_peer, peer, urgency, created, updated, expires_at, held_until, tip, custodian, verdict, status, status_seq,
	verdict_seq, revision, changed, arrived, answer_by, attempts, kind, thread, version, follows, offered, copy, take_back, size`

const (
	selectDeliveries = `SELECT ` + deliveryColumns + ` FROM delivery WHERE envelope_id = ? AND origin_node = ? ORDER BY agency_id`
	selectDelivery   = `SELECT ` + deliveryColumns + ` FROM delivery WHERE id = ?`
	selectInbox      = `SELECT ` + deliveryColumns + ` FROM delivery
		WHERE agency_id = ? AND home = 1 AND id < ? ORDER BY id DESC LIMIT 0+?`
	selectExpiring = `SELECT ` + deliveryColumns + ` FROM delivery
		WHERE state IN (1, 2, 5, 10) AND expires_at <= ? ORDER BY expires_at LIMIT 0+?`
	selectHeldDue = `SELECT ` + deliveryColumns + ` FROM delivery
		WHERE state = 5 AND held_until <= ? ORDER BY held_until LIMIT 0+?`
	// Both lists in one statement, and so of one moment: a change that came between
	// two would be passed over by whoever goes on after the newer one.
	selectChanges = `SELECT * FROM (SELECT ` + deliveryColumns + ` FROM delivery
		WHERE agency_id = ?1 AND home = 1 AND changed > ?2 AND changed <= ?3 ORDER BY changed, id LIMIT 0+?4)
		UNION ALL SELECT * FROM (SELECT ` + deliveryColumns + ` FROM delivery
		WHERE origin_agency_id = ?1 AND from_peer = '' AND changed > ?2 AND changed <= ?3 ORDER BY changed, id LIMIT 0+?4)`
)

func (s *Store) deliveries(ctx context.Context, query string, args ...any) (out []exchange.Delivery, err error) {
	err = s.all(ctx, query, args, func(row scanner) error {
		var d exchange.Delivery
		err := row.Scan(deliveryInto(&d)...)
		out = append(out, d)
		return err
	})
	return out, err
}

// deliveryInto lists where the columns of a delivery go.
func deliveryInto(d *exchange.Delivery) []any {
	return []any{fixed(d.ID[:]), fixed(d.Key.ID[:]), &d.Key.Origin, &d.Key.Recipient, &d.OriginAgency, fixed(d.Digest[:]),
		&d.Role, &d.Home, &d.State, &d.Reason, &d.From, &d.Peer, &d.Urgency, &d.Created, &d.Updated, &d.ExpiresAt, &d.HeldUntil,
		fixed(d.Tip[:]), &d.Custodian, &d.Verdict, &d.Status, unsigned{&d.StatusSeq}, unsigned{&d.VerdictSeq},
		unsigned{&d.Revision}, unsigned{&d.Changed}, &d.Arrived, &d.AnswerBy, &d.Attempts,
		&d.Kind, fixed(d.Thread[:]), &d.Version, &d.Follows, &d.Offered, &d.Copy, &d.TakeBack, &d.Size}
}

// Deliveries implements [exchange.Store].
func (s *Store) Deliveries(ctx context.Context, key exchange.LetterKey) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectDeliveries, key.ID[:], key.Origin)
}

// DeliveryByID implements [exchange.Store].
func (s *Store) DeliveryByID(ctx context.Context, id envelope.ID) (d exchange.Delivery, err error) {
	err = s.must(ctx, id, selectDelivery, []any{id[:]}, deliveryInto(&d)...)
	return d, err
}

// Inbox implements [exchange.Store].
func (s *Store) Inbox(ctx context.Context, agency string, after envelope.ID, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectInbox, agency, before(after), limit)
}

// Expiring implements [exchange.Store].
func (s *Store) Expiring(ctx context.Context, now int64, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectExpiring, now, limit)
}

// HeldDue implements [exchange.Store].
func (s *Store) HeldDue(ctx context.Context, now int64, limit int) ([]exchange.Delivery, error) {
	return s.deliveries(ctx, selectHeldDue, now, limit)
}

// Changes implements [exchange.Store]. What was sent and what was received have an
// index each, and are merged; rows of one change are fetched whole.
func (s *Store) Changes(ctx context.Context, agency string, after uint64, limit int) ([]exchange.Delivery, error) {
	if after >= math.MaxInt64 || limit <= 0 {
		return nil, nil
	}
	out, err := s.changes(ctx, agency, int64(after), math.MaxInt64, limit)
	if err != nil || len(out) < limit {
		return out, err
	}
	last := out[limit-1].Changed
	rest, err := s.changes(ctx, agency, int64(last)-1, int64(last), -1)
	if err != nil {
		return nil, err
	}
	whole := out[:limit]
	for len(whole) > 0 && whole[len(whole)-1].Changed == last {
		whole = whole[:len(whole)-1]
	}
	return append(whole, rest...), nil
}

// changes lists up to limit of each kind, ordered by change and id, without the
// second copy of what an agency has sent to itself.
func (s *Store) changes(ctx context.Context, agency string, after, upTo int64, limit int) ([]exchange.Delivery, error) {
	out, err := s.deliveries(ctx, selectChanges, agency, after, upTo, limit)
	slices.SortFunc(out, func(a, b exchange.Delivery) int {
		return cmp.Or(cmp.Compare(a.Changed, b.Changed), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return slices.CompactFunc(out, func(a, b exchange.Delivery) bool { return a.ID == b.ID }), err
}
