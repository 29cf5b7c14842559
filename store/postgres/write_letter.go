package postgres

import (
	"fmt"

	"lienthong/exchange"
)

// requestLife is how long request ids are remembered, in microseconds: 30 days.
const requestLife = 30 * 24 * 3600 * 1_000_000

const (
	insertRequest = `INSERT INTO request (principal, method, id, agency_id, content, answer, time)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`
	// Each new one takes a few that have expired away, so that nobody has to sweep.
	deleteOldRequests = `DELETE FROM request WHERE ctid = ANY (ARRAY (
		SELECT ctid FROM request WHERE time < $1 ORDER BY time LIMIT 4 FOR UPDATE SKIP LOCKED))`
)

func (a *act) putRequest() {
	r := a.Request
	if r == nil {
		return
	}
	a.must(func() error {
		return fmt.Errorf("postgres: request %q of %q: %w", r.ID, r.Principal, exchange.ErrConflict)
	}, insertRequest, r.Principal, r.Method, r.ID, r.Agency, r.Content[:], r.Answer, r.Time)
	a.do(deleteOldRequests, r.Time-requestLife)
}

// A letter that is here stays, but that what was erased comes back. One with another digest
// is written for its digest to be returned; that act fails, and this with it.
const insertLetter = `INSERT INTO letter (envelope_id, origin_node, agency_id, digest, sealed, content, from_peer,
	received, urgency, expires_at, staff, register, document, passing, class, aging) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
	ON CONFLICT ON CONSTRAINT letter_key DO UPDATE SET erased = 0, content = excluded.content, passing = excluded.passing,
		staff = excluded.staff, class = excluded.class, aging = excluded.aging, cleared = 0
	WHERE letter.digest <> excluded.digest OR letter.erased <> 0
	RETURNING digest`

func (a *act) putLetter() {
	for _, l := range a.letters() {
		a.putOneLetter(l)
	}
}

// letters are all that the act stores.
func (a *act) letters() []*exchange.Letter {
	if a.Letter == nil {
		return a.Also
	}
	return append([]*exchange.Letter{a.Letter}, a.Also...)
}

func (a *act) putOneLetter(l *exchange.Letter) {
	a.each(func(row scanner) error {
		var digest [32]byte
		if err := row.Scan(fixed(digest[:])); err != nil {
			return err
		}
		if digest != l.Digest {
			return fmt.Errorf("postgres: letter %s of %q has digest %x, not %s: %w", l.Key.ID, l.Key.Origin, digest, l.Digest,
				exchange.ErrConflict)
		}
		return nil
	}, insertLetter, l.Key.ID[:], l.Key.Origin, l.Agency, l.Digest[:], l.Sealed.Marshal(), l.Content, l.From,
		l.Received, int64(l.Urgency), l.Expires, l.Staff, l.Register[:], l.Document[:], l.Passing, l.Class, l.Aging)
}

const insertLetterFiles = `INSERT INTO letter_file (letter, position, agency_id, digest, size, leaf_root)
	SELECT l.n, f.place - 1, l.agency_id, f.digest, f.size, f.leaf_root
	FROM letter l, unnest($3::bytea[], $4::bigint[], $5::bytea[]) WITH ORDINALITY AS f (digest, size, leaf_root, place)
	WHERE l.envelope_id = $1 AND l.origin_node = $2 ON CONFLICT DO NOTHING`

// putLetterFiles comes after the blobs' rows, which it refers to, and after the check
// that they are live.
func (a *act) putLetterFiles() {
	for _, l := range a.letters() {
		if len(l.Files) > 0 {
			a.putFilesOf(l)
		}
	}
}

func (a *act) putFilesOf(l *exchange.Letter) {
	var digests, roots [][]byte
	var sizes []int64
	for _, f := range l.Files {
		digests, roots, sizes = append(digests, f.Digest[:]), append(roots, f.LeafRoot[:]), append(sizes, int64(f.Size))
	}
	a.do(insertLetterFiles, l.Key.ID[:], l.Key.Origin, digests, sizes, roots)
}

const insertPath = `INSERT INTO path (tip, envelope_id, origin_node, agency_id, from_peer, chain)
	VALUES ($1, $2, $3, COALESCE((SELECT agency_id FROM letter WHERE envelope_id = $2 AND origin_node = $3), ''), $4, $5)
	ON CONFLICT DO NOTHING`

func (a *act) putPaths() {
	for _, p := range a.Paths {
		a.do(insertPath, p.Tip[:], p.Letter.ID[:], p.Letter.Origin, p.From, chain(p.Chain))
	}
}
