package sqlite

import (
	"context"

	"lienthong/envelope"
	"lienthong/exchange"
)

const statementColumns = `s.envelope_digest, s.agency_id, s.issuer_node, s.kind, s.sequence, s.digest, s.envelope_id, s.origin_node,
	s.sealed, s.proof, s.received, s.journal_index`

const (
	selectStatements   = `SELECT ` + statementColumns + ` FROM statement s WHERE s.envelope_digest = ? AND s.agency_id = ? ORDER BY s.n`
	selectStatementsTo = `SELECT ` + statementColumns + `, o.seq FROM statement_out o JOIN statement s ON s.n = o.statement
		WHERE o.peer = ? AND o.seq > ? ORDER BY o.seq LIMIT 0+?`
)

// statementInto lists where the columns of a statement go.
func statementInto(s *exchange.StatementRow) []any {
	return []any{fixed(s.Key.Envelope[:]), &s.Key.Recipient, &s.Key.Issuer, &s.Key.Kind, unsigned{&s.Key.Sequence},
		fixed(s.Digest[:]), fixed(s.Delivery.ID[:]), &s.Delivery.Origin, sealed{&s.Sealed}, &s.Proof, &s.Received,
		unsigned{&s.JournalIndex}}
}

// complete fills what a statement row says twice.
func complete(s *exchange.StatementRow) {
	s.Agency, s.Delivery.Recipient = s.Key.Recipient, s.Key.Recipient
	if len(s.Proof) == 0 {
		s.Proof = nil
	}
}

// Statements implements [exchange.Store].
func (s *Store) Statements(ctx context.Context, digest envelope.Digest, recipient string) (out []exchange.StatementRow, err error) {
	err = s.all(ctx, selectStatements, []any{digest[:], recipient}, func(row scanner) error {
		var st exchange.StatementRow
		err := row.Scan(statementInto(&st)...)
		complete(&st)
		out = append(out, st)
		return err
	})
	return out, err
}

// StatementsTo implements [exchange.Store].
func (s *Store) StatementsTo(ctx context.Context, peer string, after uint64, limit int) (out []exchange.StatementOut, err error) {
	err = s.all(ctx, selectStatementsTo, []any{peer, int64(after), limit}, func(row scanner) error {
		var st exchange.StatementOut
		err := row.Scan(append(statementInto(&st.StatementRow), unsigned{&st.Seq})...)
		complete(&st.StatementRow)
		st.SendTo = peer
		out = append(out, st)
		return err
	})
	return out, err
}

// StatementsSent implements [exchange.Store].
func (s *Store) StatementsSent(ctx context.Context, peer string, digests []envelope.Digest) error {
	_, err := s.writer.do(ctx, func(t *tx) error { return t.statementsSent(peer, digests) })
	return err
}

const (
	selectAsleep = `SELECT 1 FROM outbox WHERE peer = ? AND state = 2 AND due_at <= ? LIMIT 1`
	selectDue    = `SELECT seq, envelope_id, origin_node, recipient, agency_id, peer, class, tip, due_at
		FROM outbox WHERE peer = ? AND state = 1 ORDER BY class DESC, seq LIMIT 0+?`
	selectDueOf = `SELECT seq, envelope_id, origin_node, recipient, agency_id, peer, class, tip, due_at
		FROM outbox WHERE peer = ? AND state = 1 AND class = ? ORDER BY seq LIMIT 0+?`
	selectPeers = `SELECT peer, rows FROM outbox_peer WHERE rows > 0`
)

// DueOutbox implements [exchange.Store]. It writes only when rows that were asleep
// have become due; a crash between the two leaves them due, which they are.
func (s *Store) DueOutbox(ctx context.Context, peer string, now int64, limit int) (out []exchange.OutboxRow, err error) {
	var one int
	asleep, err := s.one(ctx, selectAsleep, []any{peer, now}, &one)
	if err != nil {
		return nil, err
	}
	if asleep {
		if _, err := s.writer.do(ctx, func(t *tx) error { return t.wake(peer, now) }); err != nil {
			return nil, err
		}
	}
	return s.outboxRows(ctx, selectDue, peer, limit)
}

// DueOutboxOf implements [exchange.QueueStore].
func (s *Store) DueOutboxOf(ctx context.Context, peer string, class, limit int) ([]exchange.OutboxRow, error) {
	return s.outboxRows(ctx, selectDueOf, peer, class, limit)
}

func (s *Store) outboxRows(ctx context.Context, query string, args ...any) (out []exchange.OutboxRow, err error) {
	err = s.all(ctx, query, args, func(row scanner) error {
		var o exchange.OutboxRow
		err := row.Scan(unsigned{&o.Seq}, fixed(o.Key.ID[:]), &o.Key.Origin, &o.Key.Recipient, &o.Agency, &o.Peer, &o.Class,
			fixed(o.Tip[:]), &o.DueAt)
		out = append(out, o)
		return err
	})
	return out, err
}

// OutboxPeers implements [exchange.Store].
func (s *Store) OutboxPeers(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	err := s.all(ctx, selectPeers, nil, func(row scanner) error {
		var peer string
		var n int
		err := row.Scan(&peer, &n)
		out[peer] = n
		return err
	})
	return out, err
}

// ClaimJobs implements [exchange.Store].
func (s *Store) ClaimJobs(ctx context.Context, now, until int64, limit int) (jobs []exchange.Job, err error) {
	_, err = s.writer.do(ctx, func(t *tx) (err error) {
		jobs, err = t.claimJobs(now, until, limit)
		return err
	})
	return jobs, err
}
