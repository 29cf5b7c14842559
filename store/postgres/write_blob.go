package postgres

import (
	"fmt"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange"
)

// touchEvery is how fresh a blob's touched time is kept, in microseconds: one
// hour. The sweeper looks at days, and a popular annex is not written again for
// every letter that carries it.
const touchEvery = 3600 * 1_000_000

const (
	// A doomed row is not revived: its bytes may be going this moment, those that were put
	// begin a new generation. Bytes put before the fence may be gone already, and get no row.
	insertBlob = `INSERT INTO blob (digest, size, leaf_root, touched)
		SELECT $1, $2, $3, $4 WHERE $4 >= (SELECT swept FROM head WHERE one = 1)
		ON CONFLICT (digest) DO UPDATE SET generation = blob.generation + (blob.state = 2)::integer, state = 1,
		touched = greatest(blob.touched, excluded.touched) WHERE blob.state <> 1 OR blob.touched < $5`
	touchBlobs = `UPDATE blob SET touched = $1 WHERE digest = ANY ($2::bytea[]) AND state = 1 AND touched < $3`
)

// wroteBlobs makes rows live, or touches them. The bytes are durable already: if
// we die here they are an orphan that the sweeper removes.
func (a *act) wroteBlobs() {
	for _, b := range a.Wrote {
		a.do(insertBlob, b.Digest[:], int64(b.Size), b.LeafRoot[:], b.Touched, b.Touched-touchEvery)
	}
}

func (a *act) useBlobs() {
	if uses := slices.Concat(a.Uses, a.signingBlobs()); len(uses) > 0 {
		a.do(touchBlobs, a.now(), bytesOf(uses), a.now()-touchEvery)
	}
}

const selectMissing = `SELECT u.digest FROM unnest($1::bytea[]) WITH ORDINALITY AS u (digest, place)
	WHERE NOT EXISTS (SELECT FROM blob b WHERE b.digest = u.digest AND b.state = 1) ORDER BY u.place`

// needBlobs is the condition that all blobs of the act have live rows: else
// *exchange.MissingError with those that have none.
func (a *act) needBlobs() {
	var needed []envelope.Digest
	for _, b := range a.Wrote {
		needed = append(needed, b.Digest)
	}
	needed = append(needed, a.Uses...)
	for _, l := range a.letters() {
		for _, f := range l.Files {
			needed = append(needed, f.Digest)
		}
	}
	for _, f := range a.Files {
		needed = append(needed, f.Digest)
	}
	needed = append(needed, a.signingBlobs()...)
	if len(needed) == 0 {
		return
	}
	var missing exchange.MissingError
	a.each(func(row scanner) error {
		var d envelope.Digest
		err := row.Scan(fixed(d[:]))
		if !slices.Contains(missing.Digests, d) {
			missing.Digests = append(missing.Digests, d)
		}
		return err
	}, selectMissing, bytesOf(needed))
	a.steps[len(a.steps)-1].check = func(n int64) error {
		if n == 0 {
			return nil
		}
		return &missing
	}
}

// bytesOf are digests as a bytea[].
func bytesOf(digests []envelope.Digest) [][]byte {
	out := make([][]byte, len(digests))
	for i := range digests {
		out[i] = digests[i][:]
	}
	return out
}

const insertPossession = `INSERT INTO possession (agency_id, digest, size, leaf_root, name, media_type, since)
	VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (agency_id, digest) DO UPDATE SET size = excluded.size,
	leaf_root = excluded.leaf_root, name = excluded.name, media_type = excluded.media_type, since = excluded.since`

func (a *act) putPossession() {
	for _, f := range a.Files {
		a.do(insertPossession, f.Holder, f.Digest[:], int64(f.Size), f.LeafRoot[:], f.Name, f.MediaType, f.Since)
	}
}

const (
	insertReport     = `INSERT INTO report (digest, agency_id, json) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	insertReportFile = `INSERT INTO report_file (file, report, agency_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
)

func (a *act) putReports() {
	for _, r := range a.Reports {
		a.do(insertReport, r.Digest[:], r.Agency, r.JSON)
		a.do(insertReportFile, r.File[:], r.Digest[:], r.Agency)
	}
}

const (
	insertUpload = `INSERT INTO upload (id, agency_id, principal, name, media_type, size, started, done, digest)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) `
	startUpload = insertUpload + `DO NOTHING`
	putUpload   = insertUpload + `DO UPDATE SET agency_id = excluded.agency_id, principal = excluded.principal,
		name = excluded.name, media_type = excluded.media_type, size = excluded.size,
		started = excluded.started, done = excluded.done, digest = excluded.digest`
)

func uploadValues(u *exchange.Upload) []any {
	return []any{u.ID[:], u.Agency, u.Principal, u.Name, u.MediaType, int64(u.Size), u.Started, u.Done, u.Digest[:]}
}

func (a *act) putUploads() {
	for i := range a.Uploads {
		a.do(putUpload, uploadValues(&a.Uploads[i])...)
	}
}

func (p *plan) startUpload(u *exchange.Upload) {
	p.must(func() error { return fmt.Errorf("postgres: upload %s: %w", u.ID, exchange.ErrConflict) },
		startUpload, uploadValues(u)...)
}
