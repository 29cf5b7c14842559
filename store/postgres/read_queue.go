package postgres

import (
	"cmp"
	"context"
	"slices"

	"lienthong/envelope"
	"lienthong/exchange"
)

const statementColumns = `s.envelope_digest, s.agency_id, s.issuer_node, s.kind, s.sequence, s.digest, s.envelope_id, s.origin_node,
	s.sealed, s.proof, s.received, s.journal_index`

const (
	selectStatements   = `SELECT ` + statementColumns + ` FROM statement s WHERE s.envelope_digest = $1 AND s.agency_id = $2 ORDER BY s.n`
	selectStatementsTo = `SELECT ` + statementColumns + `, o.seq FROM statement_out o JOIN statement s ON s.n = o.statement
		WHERE o.peer = $1 AND o.seq > $2 ORDER BY o.seq LIMIT $3`
)

// scanStatement reads statementColumns, and what comes after them.
func scanStatement(row scanner, s *exchange.StatementRow, more ...any) error {
	err := row.Scan(append([]any{fixed(s.Key.Envelope[:]), &s.Key.Recipient, &s.Key.Issuer, &s.Key.Kind, unsigned{&s.Key.Sequence},
		fixed(s.Digest[:]), fixed(s.Delivery.ID[:]), &s.Delivery.Origin, sealed{&s.Sealed}, &s.Proof, &s.Received,
		unsigned{&s.JournalIndex}}, more...)...)
	s.Agency, s.Delivery.Recipient = s.Key.Recipient, s.Key.Recipient
	if len(s.Proof) == 0 {
		s.Proof = nil
	}
	return err
}

// Statements implements [exchange.Store].
func (s *Store) Statements(ctx context.Context, digest envelope.Digest, recipient string) ([]exchange.StatementRow, error) {
	return list(ctx, s, selectStatements, []any{digest[:], recipient}, func(row scanner, st *exchange.StatementRow) error {
		return scanStatement(row, st)
	})
}

// StatementsTo implements [exchange.Store].
func (s *Store) StatementsTo(ctx context.Context, peer string, after uint64, limit int) ([]exchange.StatementOut, error) {
	return list(ctx, s, selectStatementsTo, []any{peer, int64(after), limit}, func(row scanner, st *exchange.StatementOut) error {
		st.SendTo = peer
		return scanStatement(row, &st.StatementRow, unsigned{&st.Seq})
	})
}

// StatementsSent implements [exchange.Store].
func (s *Store) StatementsSent(ctx context.Context, peer string, digests []envelope.Digest) error {
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		p.statementsSent(peer, digests)
		return &p
	})
	return err
}

const (
	selectAsleep = `SELECT 1 FROM outbox WHERE peer = $1 AND state = 2 AND due_at <= $2 LIMIT 1`
	selectDue    = `SELECT seq, envelope_id, origin_node, recipient, agency_id, peer, class, tip, due_at
		FROM outbox WHERE peer = $1 AND state = 1 ORDER BY class DESC, seq LIMIT $2`
	selectDueOf = `SELECT seq, envelope_id, origin_node, recipient, agency_id, peer, class, tip, due_at
		FROM outbox WHERE peer = $1 AND state = 1 AND class = $2 ORDER BY seq LIMIT $3`
	selectPeers = `SELECT peer, rows FROM outbox_peer WHERE rows > 0`
)

// DueOutbox implements [exchange.Store]. It writes only when rows that were asleep
// have become due; a crash between the two leaves them due, which they are.
func (s *Store) DueOutbox(ctx context.Context, peer string, now int64, limit int) ([]exchange.OutboxRow, error) {
	var one int
	asleep, err := s.one(ctx, selectAsleep, []any{peer, now}, &one)
	if err != nil {
		return nil, err
	}
	if asleep {
		if err := s.bookkeep(ctx, wakeOutbox, peer, now, wakeAtOnce); err != nil {
			return nil, err
		}
	}
	return s.outboxRows(ctx, selectDue, peer, limit)
}

// DueOutboxOf implements [exchange.QueueStore].
func (s *Store) DueOutboxOf(ctx context.Context, peer string, class, limit int) ([]exchange.OutboxRow, error) {
	return s.outboxRows(ctx, selectDueOf, peer, class, limit)
}

func (s *Store) outboxRows(ctx context.Context, query string, args ...any) ([]exchange.OutboxRow, error) {
	return list(ctx, s, query, args, func(row scanner, o *exchange.OutboxRow) error {
		return row.Scan(unsigned{&o.Seq}, fixed(o.Key.ID[:]), &o.Key.Origin, &o.Key.Recipient, &o.Agency, &o.Peer, &o.Class,
			fixed(o.Tip[:]), &o.DueAt)
	})
}

// bookkeep writes what needs no entry in the journal, with one statement.
func (s *Store) bookkeep(ctx context.Context, query string, args ...any) error {
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		p.do(query, args...)
		return &p
	})
	return err
}

// OutboxPeers implements [exchange.Store].
func (s *Store) OutboxPeers(ctx context.Context) (map[string]int, error) {
	type count struct {
		peer string
		n    int
	}
	all, err := list(ctx, s, selectPeers, nil, func(row scanner, c *count) error { return row.Scan(&c.peer, &c.n) })
	out := map[string]int{}
	for _, c := range all {
		out[c.peer] = c.n
	}
	return out, err
}

// ClaimJobs implements [exchange.Store].
func (s *Store) ClaimJobs(ctx context.Context, now, until int64, limit int) ([]exchange.Job, error) {
	type claimed struct {
		exchange.Job
		claimable int64
	}
	var all []claimed
	_, err := s.writer.do(ctx, func(uint64) *plan {
		var p plan
		all = nil
		p.each(func(row scanner) error {
			var c claimed
			err := row.Scan(fixed(c.Key.ID[:]), &c.Key.Origin, &c.Key.Recipient, &c.DueAt, &c.Attempts, &c.claimable)
			c.Agency = c.Key.Recipient
			all = append(all, c)
			return err
		}, claimJobs, now, until, limit, s.writer.replica.Load())
		return &p
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b claimed) int { return cmp.Compare(a.claimable, b.claimable) })
	var jobs []exchange.Job
	for _, c := range all {
		jobs = append(jobs, c.Job)
	}
	return jobs, nil
}
