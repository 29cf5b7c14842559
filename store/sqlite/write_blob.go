package sqlite

import (
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
)

// touchEvery is how fresh a blob's touched time is kept, in microseconds: one
// hour. The sweeper looks at days, and a popular annex is not written again for
// every letter that carries it.
const touchEvery = 3600 * 1_000_000

// insertBlob gives bytes that are durable a live row, or touches it. A doomed one is not
// revived: its bytes may be going this moment, those that were put begin a new generation.
// Bytes put before the fence may be gone already, and get no row.
const insertBlob = `INSERT INTO blob (digest, size, leaf_root, touched)
	SELECT ?1, ?2, ?3, ?4 WHERE ?4 >= (SELECT swept FROM head WHERE one = 1)
	ON CONFLICT (digest) DO UPDATE SET generation = blob.generation + (blob.state = 2), state = 1,
	touched = max(blob.touched, excluded.touched) WHERE blob.state <> 1 OR blob.touched < ?4 - ?5`

// wroteBlobs makes rows live, or touches them. The bytes are durable already: if
// we die here they are an orphan that the sweeper removes.
func (a *act) wroteBlobs() error {
	var missing exchange.MissingError
	for _, b := range a.Wrote {
		n, err := a.exec(insertBlob, b.Digest[:], int64(b.Size), b.LeafRoot[:], b.Touched, touchEvery)
		if err != nil {
			return err
		}
		if n == 1 {
			continue
		}
		live, err := a.live(b.Digest)
		if err != nil {
			return err
		}
		if !live {
			missing.Digests = append(missing.Digests, b.Digest)
		}
	}
	return orNil(&missing)
}

func (a *act) useBlobs() error {
	var missing exchange.MissingError
	for _, d := range a.Uses {
		if err := a.touch(d, a.now(), &missing); err != nil {
			return err
		}
	}
	return orNil(&missing)
}

// touch keeps a live blob from the sweeper, and notes one that is not live.
func (a *act) touch(digest envelope.Digest, at int64, missing *exchange.MissingError) error {
	n, err := a.exec(`UPDATE blob SET touched = ?1 WHERE digest = ?2 AND state = 1 AND touched < ?1 - ?3`,
		at, digest[:], touchEvery)
	if err != nil || n == 1 {
		return err
	}
	live, err := a.live(digest)
	if err == nil && !live {
		missing.Digests = append(missing.Digests, digest)
	}
	return err
}

func (a *act) live(digest envelope.Digest) (bool, error) {
	var state int
	found, err := a.one(`SELECT state FROM blob WHERE digest = ?`, []any{digest[:]}, &state)
	return found && exchange.BlobState(state) == exchange.BlobLive, err
}

func orNil(e *exchange.MissingError) error {
	if e.Digests == nil {
		return nil
	}
	return e
}

func (a *act) putPossession() error {
	var missing exchange.MissingError
	for _, f := range a.Files {
		live, err := a.live(f.Digest)
		if err != nil {
			return err
		}
		if !live {
			missing.Digests = append(missing.Digests, f.Digest)
			continue
		}
		if err := a.do(`INSERT INTO possession (agency_id, digest, size, leaf_root, name, media_type, since)
			VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET size = excluded.size, leaf_root = excluded.leaf_root,
			name = excluded.name, media_type = excluded.media_type, since = excluded.since`,
			f.Holder, f.Digest[:], int64(f.Size), f.LeafRoot[:], f.Name, f.MediaType, f.Since); err != nil {
			return err
		}
	}
	return orNil(&missing)
}

func (a *act) putReports() error {
	for _, r := range a.Reports {
		if err := a.do(`INSERT INTO report (digest, agency_id, json) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING`,
			r.Digest[:], r.Agency, some(r.JSON)); err != nil {
			return err
		}
		if err := a.do(`INSERT INTO report_file (file, report, agency_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, r.File[:], r.Digest[:], r.Agency); err != nil {
			return err
		}
	}
	return nil
}

const insertUpload = `INSERT INTO upload (id, agency_id, principal, name, media_type, size, started, done, digest)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) `

func uploadValues(u *exchange.Upload) []any {
	return []any{u.ID[:], u.Agency, u.Principal, u.Name, u.MediaType, int64(u.Size), u.Started, u.Done, u.Digest[:]}
}

func (a *act) putUploads() error {
	for i := range a.Uploads {
		if err := a.do(insertUpload+`DO UPDATE SET agency_id = excluded.agency_id, principal = excluded.principal,
			name = excluded.name, media_type = excluded.media_type, size = excluded.size,
			started = excluded.started, done = excluded.done, digest = excluded.digest`,
			uploadValues(&a.Uploads[i])...); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) startUpload(u *exchange.Upload) error {
	n, err := t.exec(insertUpload+`DO NOTHING`, uploadValues(u)...)
	if err == nil && n == 0 {
		err = fmt.Errorf("sqlite: upload %s: %w", u.ID, exchange.ErrConflict)
	}
	return err
}
