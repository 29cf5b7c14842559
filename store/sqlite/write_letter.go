package sqlite

import (
	"fmt"

	"lienthong/exchange"
)

// requestLife is how long request ids are remembered, in microseconds: 30 days.
const requestLife = 30 * 24 * 3600 * 1_000_000

const selectOldRequests = `SELECT principal, method, id FROM request WHERE time < ? ORDER BY time LIMIT 4`

func (a *act) putRequest() error {
	r := a.Request
	if r == nil {
		return nil
	}
	n, err := a.exec(`INSERT INTO request (principal, method, id, agency_id, content, answer, time)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		r.Principal, r.Method, r.ID, r.Agency, r.Content[:], r.Answer, r.Time)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("sqlite: request %q of %q: %w", r.ID, r.Principal, exchange.ErrConflict)
	}
	// Each new one takes a few that have expired away, so that nobody has to sweep.
	return a.do(`DELETE FROM request WHERE (principal, method, id) IN (`+selectOldRequests+`)`, r.Time-requestLife)
}

func (a *act) putLetter() error {
	for _, l := range a.letters() {
		if err := a.putOneLetter(l); err != nil {
			return err
		}
	}
	return nil
}

// letters are all that the act stores.
func (a *act) letters() []*exchange.Letter {
	if a.Letter == nil {
		return a.Also
	}
	return append([]*exchange.Letter{a.Letter}, a.Also...)
}

func (a *act) putOneLetter(l *exchange.Letter) error {
	n, err := a.exec(`INSERT INTO letter (envelope_id, origin_node, agency_id, digest, sealed, content, from_peer,
		received, urgency, expires_at, staff, register, document, passing, class, aging) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (envelope_id, origin_node) DO UPDATE SET erased = 0, content = excluded.content, passing = excluded.passing,
			staff = excluded.staff, class = excluded.class, aging = excluded.aging, cleared = 0
		WHERE letter.erased <> 0 AND letter.digest = excluded.digest`,
		l.Key.ID[:], l.Key.Origin, l.Agency, l.Digest[:], l.Sealed.Marshal(), some(l.Content), l.From,
		l.Received, int64(l.Urgency), l.Expires, l.Staff, l.Register[:], l.Document[:], l.Passing, l.Class, l.Aging)
	if err != nil || n == 1 {
		return err
	}
	var digest [32]byte
	if _, err := a.one(`SELECT digest FROM letter WHERE envelope_id = ? AND origin_node = ?`,
		[]any{l.Key.ID[:], l.Key.Origin}, fixed(digest[:])); err != nil {
		return err
	}
	if digest != l.Digest {
		return fmt.Errorf("sqlite: letter %s of %q has digest %x, not %s: %w", l.Key.ID, l.Key.Origin, digest, l.Digest,
			exchange.ErrConflict)
	}
	return nil
}

// putLetterFiles comes after the blobs' rows, which it refers to.
func (a *act) putLetterFiles() error {
	var missing exchange.MissingError
	for _, l := range a.letters() {
		if err := a.putFilesOf(l, &missing); err != nil {
			return err
		}
	}
	return orNil(&missing)
}

func (a *act) putFilesOf(l *exchange.Letter, missing *exchange.MissingError) error {
	for i, f := range l.Files {
		n, err := a.exec(`INSERT INTO letter_file (letter, position, agency_id, digest, size, leaf_root)
			SELECT l.n, ?1, l.agency_id, ?2, ?3, ?4 FROM letter l, blob b
			WHERE l.envelope_id = ?5 AND l.origin_node = ?6 AND b.digest = ?2 AND b.state = 1 ON CONFLICT DO NOTHING`,
			i, f.Digest[:], int64(f.Size), f.LeafRoot[:], l.Key.ID[:], l.Key.Origin)
		if err != nil {
			return err
		}
		if n == 1 {
			continue
		}
		live, err := a.live(f.Digest)
		if err != nil {
			return err
		}
		if !live {
			missing.Digests = append(missing.Digests, f.Digest)
		}
	}
	return nil
}

func (a *act) putPaths() error {
	for _, p := range a.Paths {
		if err := a.do(`INSERT INTO path (tip, envelope_id, origin_node, agency_id, from_peer, chain)
			VALUES (?, ?, ?, COALESCE((SELECT agency_id FROM letter WHERE envelope_id = ?2 AND origin_node = ?3), ''), ?, ?)
			ON CONFLICT (tip) DO NOTHING`,
			p.Tip[:], p.Letter.ID[:], p.Letter.Origin, p.From, marshalChain(p.Chain)); err != nil {
			return err
		}
	}
	return nil
}
