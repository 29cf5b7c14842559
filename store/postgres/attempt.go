package postgres

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lienthong/journal"
)

// An attempt is one try to commit a batch.
type attempt struct {
	*writer
	ctx       context.Context
	batch     []*operation
	tree      journal.Edge // as of this attempt
	headFirst bool

	records []record       // of the operations that succeeded
	waiting map[string]int // how many rows they added to the outbox of each peer
	notice  string         // of the notification
	id      [16]byte       // random, of the batch in this attempt
	number  int32          // of the connection
	sent    bool           // COMMIT: from here on a broken connection leaves doubt
}

const (
	selectHead = `SELECT size, root FROM head WHERE one = 1 FOR UPDATE`
	// Fails, and with it the pipeline, if the head is not the one that is wanted, or if
	// another replica has it, which then is about to move it.
	checkHead     = `SELECT 1 / (size = $1)::integer FROM head WHERE one = 1 FOR UPDATE NOWAIT`
	insertJournal = `INSERT INTO journal (idx, agency_id, leaf, hashes)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[])`
	updateHead  = `UPDATE head SET size = $1, root = $2 WHERE one = 1`
	countOutbox = `INSERT INTO outbox_peer AS p (peer, rows) SELECT * FROM unnest($1::text[], $2::bigint[])
		ON CONFLICT (peer) DO UPDATE SET rows = p.rows + excluded.rows`
)

// run applies every operation in a savepoint, and commits with the journal's head,
// which is the serial point between replicas.
//
// The head is taken last, so that replicas do the long part of their work at once and
// a process that stalls in it holds up nobody. For this the attempt writes with the
// indexes that its entries will have if no other replica commits meanwhile. If one
// did, or is about to, the batch begins anew with the head taken first, as does every
// batch until a replica finds that it is alone again.
func (a *attempt) run() error {
	if err := a.begin(); err != nil {
		return err
	}
	live := a.batch[:0:0]
	for _, op := range a.batch {
		if op.err = op.ctx.Err(); op.err == nil {
			live = append(live, op)
		}
	}
	succeeded, err := a.applyAll(live)
	if err != nil {
		return err
	}
	if succeeded == 0 {
		_, err := a.conn.Exec(a.ctx, "ROLLBACK")
		return failure(err)
	}
	return a.commit()
}

// begin opens the transaction, and takes the head if it is to be taken first.
func (a *attempt) begin() error {
	var p pgx.Batch
	p.Queue("BEGIN")
	var size uint64
	var root journal.Hash
	if a.headFirst {
		p.Queue(selectHead).QueryRow(func(row pgx.Row) error { return row.Scan(unsigned{&size}, fixed(root[:])) })
	}
	if err := a.conn.SendBatch(a.ctx, &p).Close(); err != nil || !a.headFirst {
		return failure(err)
	}
	a.contended = size != a.tree.Size()
	if !a.contended {
		return nil
	}
	var err error
	a.tree, err = loadEdge(a.ctx, a.conn, size, root)
	return err
}

// applyAll applies operations in their order, as many at a time as there is hope
// that none fails: what follows one that failed is undone with it, and applied again
// with the indexes that are right then. It returns how many succeeded.
func (a *attempt) applyAll(ops []*operation) (succeeded int, err error) {
	for together := len(ops); len(ops) > 0; {
		n := min(together, len(ops))
		good, err := a.apply(ops[:n])
		if err != nil {
			return succeeded, err
		}
		succeeded += good
		if good == n {
			ops, together = ops[n:], 2*together
			continue
		}
		ops, together = ops[good+1:], max(1, together/8)
	}
	return succeeded, nil
}

// apply sends operations in one pipeline, each after a savepoint of its own. good is
// the number of those before the first that failed; that one has its error, and
// nothing of it or of those after it has stayed.
func (a *attempt) apply(ops []*operation) (good int, err error) {
	plans := make([]*plan, len(ops))
	var p pgx.Batch
	first := a.tree.Size() + uint64(len(a.records))
	for i, op := range ops {
		plans[i] = op.plan(first)
		first += uint64(len(plans[i].records))
		p.Queue(savepoint("SAVEPOINT", i))
		for _, s := range plans[i].steps {
			p.Queue(s.query, s.args...)
		}
	}
	results := a.conn.SendBatch(a.ctx, &p)
	for good < len(ops) && ops[good].err == nil {
		if ops[good].err = plans[good].judge(results); ops[good].err == nil {
			a.keep(plans[good])
			good++
		}
	}
	if err := results.Close(); err != nil && good == len(ops) {
		return good, failure(err)
	}
	if good == len(ops) {
		return good, nil
	}
	if err := ops[good].err; a.conn.IsClosed() || again(err) {
		ops[good].err = nil
		return good, err // not its own fault
	} else if !a.headFirst && code(err) == codeUnique {
		ops[good].err = nil
		return good, fmt.Errorf("%w: %w", errBehind, err) // it may be: with the head in hand it shows
	}
	if _, err := a.conn.Exec(a.ctx, savepoint("ROLLBACK TO", good)); err != nil {
		return good, failure(err)
	}
	return good, nil
}

func savepoint(verb string, n int) string { return fmt.Sprintf("%s s%d", verb, n) }

// keep adds what a plan that succeeded appends and counts.
func (a *attempt) keep(p *plan) {
	a.records = append(a.records, p.records...)
	if p.notice != "" {
		a.notice = p.notice
	}
	for peer, n := range p.waiting {
		if a.waiting == nil {
			a.waiting = map[string]int{}
		}
		a.waiting[peer] += n
	}
}

// judge reads the answers to a plan and its savepoint.
func (p *plan) judge(results pgx.BatchResults) error {
	if _, err := results.Exec(); err != nil {
		return failure(err)
	}
	for i := range p.steps {
		n, err := p.steps[i].read(results)
		if err != nil {
			return failure(err)
		}
		if check := p.steps[i].check; check != nil {
			if err := check(n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *step) read(results pgx.BatchResults) (n int64, err error) {
	if s.row == nil {
		tag, err := results.Exec()
		return tag.RowsAffected(), err
	}
	rows, err := results.Query()
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for ; rows.Next(); n++ {
		if err := s.row(row{rows}); err != nil {
			return n, err
		}
	}
	return n, rows.Err()
}

// commit appends to the journal, moves its head and commits, in one pipeline: if the
// head is not as this attempt believes, its last statement is not reached.
func (a *attempt) commit() error {
	var p pgx.Batch
	if len(a.records) > 0 {
		if !a.headFirst {
			p.Queue(checkHead, int64(a.tree.Size()))
		}
		a.queueCounts(&p)
		a.queueJournal(&p)
		root := a.tree.Root()
		p.Queue(updateHead, int64(a.tree.Size()), root[:])
		p.Queue(notify, a.notice)
	}
	a.queueCounted(&p)
	rand.Read(a.id[:]) // never fails
	a.number = a.replica.Load()
	p.Queue(updateBatch, a.id[:], a.number)
	p.Queue("COMMIT")
	a.sent = true
	err := a.conn.SendBatch(a.ctx, &p).Close()
	if code(err) == codeDivision {
		return fmt.Errorf("%w: %w", errBehind, err)
	}
	return failure(err)
}

func (a *attempt) queueCounts(p *pgx.Batch) {
	if len(a.waiting) == 0 {
		return
	}
	var peers []string
	var counts []int64
	for peer, n := range a.waiting {
		peers, counts = append(peers, toText(peer)), append(counts, int64(n))
	}
	p.Queue(countOutbox, peers, counts)
}

// queueJournal adds the leaves to the tree. Their rows hold the hashes that each
// completes.
func (a *attempt) queueJournal(p *pgx.Batch) {
	var indexes []int64
	var agencies []string
	var leaves, hashes [][]byte
	for _, r := range a.records {
		indexes, agencies, leaves = append(indexes, int64(a.tree.Size())), append(agencies, toText(r.agency)), append(leaves, r.leaf)
		var all []byte
		for _, h := range a.tree.Add(r.hash) {
			all = append(all, h[:]...)
		}
		hashes = append(hashes, all)
	}
	p.Queue(insertJournal, indexes, agencies, leaves, hashes)
}
