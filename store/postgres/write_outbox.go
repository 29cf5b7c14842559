package postgres

import (
	"lienthong/envelope"
	"lienthong/exchange"
)

// Outbox states.
const (
	outboxDue    = 1
	outboxAsleep = 2 // not due yet, or not looked at since it was
)

// wakeAtOnce bounds how many sleeping rows one call makes due, so that a peer
// that comes back after days does not hold up everybody's commit.
const wakeAtOnce = 1024

const (
	deleteOutbox = `DELETE FROM outbox WHERE envelope_id = $1 AND origin_node = $2 AND recipient = $3 RETURNING peer`
	insertOutbox = `INSERT INTO outbox (envelope_id, origin_node, recipient, agency_id, peer, class, tip, due_at, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	claimOutbox = `UPDATE outbox SET state = 3 WHERE envelope_id = $1 AND origin_node = $2 AND recipient = $3`
	deferOutbox = `UPDATE outbox SET state = $1, due_at = $2 WHERE envelope_id = $3 AND origin_node = $4 AND recipient = $5`
	wakeOutbox  = `UPDATE outbox SET state = 1 WHERE ctid = ANY (ARRAY (SELECT ctid FROM outbox
		WHERE peer = $1 AND state = 2 AND due_at <= $2 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED))`
	rewindOutbox = `UPDATE outbox SET state = 1 WHERE peer = $1 AND state = 3`
)

func (a *act) unqueue() {
	for _, k := range a.Unqueue {
		a.remove(k)
	}
}

func (a *act) remove(k exchange.DeliveryKey) {
	a.each(func(row scanner) error {
		var peer string
		if err := row.Scan(text{&peer}); err != nil {
			return err
		}
		a.count(peer, -1)
		return nil
	}, deleteOutbox, k.ID[:], k.Origin, k.Recipient)
}

// queue adds rows; one that is there for the delivery goes first, so that there
// is never a second for another peer.
func (a *act) queue() {
	for _, o := range a.Queue {
		a.remove(o.Key)
		a.do(insertOutbox, o.Key.ID[:], o.Key.Origin, o.Key.Recipient, o.Agency, o.Peer, o.Class, o.Tip[:], o.DueAt, a.waits(o.DueAt))
		a.count(o.Peer, 1)
	}
}

// waits is the state of a row that is due at a time.
func (a *act) waits(dueAt int64) int {
	if dueAt > a.now() {
		return outboxAsleep
	}
	return outboxDue
}

func (a *act) claim() {
	for _, k := range a.Claim {
		a.do(claimOutbox, k.ID[:], k.Origin, k.Recipient)
	}
}

func (a *act) postpone() {
	for _, d := range a.Defer {
		a.do(deferOutbox, a.waits(d.DueAt), d.DueAt, d.Key.ID[:], d.Key.Origin, d.Key.Recipient)
	}
}

const (
	// One that is there stays as it is, but for a proof that it lacked.
	putStatement = `INSERT INTO statement AS s (envelope_digest, agency_id, issuer_node, kind, sequence, digest,
		envelope_id, origin_node, sealed, proof, received, journal_index)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT ON CONSTRAINT statement_key DO UPDATE
		SET proof = excluded.proof WHERE s.proof = '' AND excluded.proof <> '' AND s.digest = excluded.digest`
	queueStatement = `INSERT INTO statement_out (peer, digest, statement, agency_id) SELECT $6, digest, n, agency_id FROM statement
		WHERE envelope_digest = $1 AND agency_id = $2 AND issuer_node = $3 AND kind = $4 AND sequence = $5
		ON CONFLICT ON CONSTRAINT statement_out_once DO NOTHING`
	deleteStatements = `DELETE FROM statement_out WHERE peer = $1 AND digest = ANY ($2::bytea[])`
)

// putStatements stores each once by its key. One that is there stays, and
// waits again for the peer if the act says so: a repeat is cheaper than a loss.
func (a *act) putStatements() {
	for i := range a.Statements {
		s := &a.Statements[i]
		k := &s.Key
		a.do(putStatement, k.Envelope[:], k.Recipient, k.Issuer, int64(k.Kind), int64(k.Sequence), s.Digest[:],
			s.Delivery.ID[:], s.Delivery.Origin, s.Sealed.Marshal(), s.Proof, s.Received, int64(a.first)+int64(s.Entry))
		if s.SendTo != "" {
			a.do(queueStatement, k.Envelope[:], k.Recipient, k.Issuer, int64(k.Kind), int64(k.Sequence), s.SendTo)
		}
	}
}

func (p *plan) statementsSent(peer string, digests []envelope.Digest) {
	p.do(deleteStatements, peer, bytesOf(digests))
}
