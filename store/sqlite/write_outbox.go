package sqlite

import (
	"lienthong/envelope"
	"lienthong/exchange"
)

// Outbox states; 3, claimed, stands in the statements alone.
const (
	outboxDue    = 1
	outboxAsleep = 2 // not due yet, or not looked at since it was
)

// wakeAtOnce bounds how many sleeping rows one call makes due, so that a peer
// that comes back after days does not hold up everybody's commit.
const wakeAtOnce = 1024

func (a *act) unqueue() error {
	for _, k := range a.Unqueue {
		if err := a.remove(k); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) remove(k exchange.DeliveryKey) error {
	return a.do(`DELETE FROM outbox WHERE envelope_id = ? AND origin_node = ? AND recipient = ?`,
		k.ID[:], k.Origin, k.Recipient)
}

// queue adds rows; one that is there for the delivery goes first, so that there
// is never a second for another peer.
func (a *act) queue() error {
	for _, o := range a.Queue {
		for {
			n, err := a.exec(`INSERT INTO outbox (envelope_id, origin_node, recipient, agency_id, peer, class, tip, due_at, state)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
				o.Key.ID[:], o.Key.Origin, o.Key.Recipient, o.Agency, o.Peer, o.Class, o.Tip[:], o.DueAt, a.waiting(o.DueAt))
			if err != nil {
				return err
			}
			if n == 1 {
				break
			}
			if err := a.remove(o.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// waiting is the state of a row that is due at a time.
func (a *act) waiting(dueAt int64) int {
	if dueAt > a.now() {
		return outboxAsleep
	}
	return outboxDue
}

func (a *act) claim() error {
	for _, k := range a.Claim {
		if err := a.do(`UPDATE outbox SET state = 3 WHERE envelope_id = ? AND origin_node = ? AND recipient = ?`,
			k.ID[:], k.Origin, k.Recipient); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) postpone() error {
	for _, d := range a.Defer {
		if err := a.do(`UPDATE outbox SET state = ?, due_at = ? WHERE envelope_id = ? AND origin_node = ? AND recipient = ?`,
			a.waiting(d.DueAt), d.DueAt, d.Key.ID[:], d.Key.Origin, d.Key.Recipient); err != nil {
			return err
		}
	}
	return nil
}

const updateAsleep = `UPDATE outbox SET state = 1 WHERE seq IN
	(SELECT seq FROM outbox WHERE peer = ? AND state = 2 AND due_at <= ? ORDER BY due_at LIMIT 0+?)`

func (t *tx) wake(peer string, now int64) error {
	return t.do(updateAsleep, peer, now, wakeAtOnce)
}

func (t *tx) rewind(peer string) error {
	return t.do(`UPDATE outbox SET state = 1 WHERE peer = ? AND state = 3`, peer)
}

// putStatements stores each once by its key. One that is there stays, and
// waits again for the peer if the act says so: a repeat is cheaper than a loss.
func (a *act) putStatements() error {
	for i := range a.Statements {
		n, digest, err := a.putStatement(&a.Statements[i])
		if err != nil {
			return err
		}
		to := a.Statements[i].SendTo
		if to == "" {
			continue
		}
		if err := a.do(`INSERT INTO statement_out (peer, digest, statement, agency_id) VALUES (?, ?, ?, ?)
			ON CONFLICT (peer, digest) DO NOTHING`, to, digest[:], n, a.Statements[i].Agency); err != nil {
			return err
		}
	}
	return nil
}

// putStatement returns the row and the digest of the statement that is stored now.
func (a *act) putStatement(s *exchange.StatementRow) (row int64, stored envelope.Digest, err error) {
	k := &s.Key
	n, row, err := a.insert(`INSERT INTO statement (envelope_digest, agency_id, issuer_node, kind, sequence, digest,
		envelope_id, origin_node, sealed, proof, received, journal_index)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		k.Envelope[:], k.Recipient, k.Issuer, int64(k.Kind), int64(k.Sequence), s.Digest[:],
		s.Delivery.ID[:], s.Delivery.Origin, s.Sealed.Marshal(), some(s.Proof), s.Received, int64(a.first)+int64(s.Entry))
	if err != nil || n == 1 {
		return row, s.Digest, err
	}
	var proven bool
	if _, err := a.one(`SELECT n, digest, proof <> x'' FROM statement
		WHERE envelope_digest = ? AND agency_id = ? AND issuer_node = ? AND kind = ? AND sequence = ?`,
		[]any{k.Envelope[:], k.Recipient, k.Issuer, int64(k.Kind), int64(k.Sequence)}, &row, fixed(stored[:]), &proven); err != nil {
		return 0, stored, err
	}
	if !proven && len(s.Proof) > 0 && stored == s.Digest {
		err = a.do(`UPDATE statement SET proof = ? WHERE n = ?`, s.Proof, row)
	}
	return row, stored, err
}

func (t *tx) statementsSent(peer string, digests []envelope.Digest) error {
	for _, d := range digests {
		if err := t.do(`DELETE FROM statement_out WHERE peer = ? AND digest = ?`, peer, d[:]); err != nil {
			return err
		}
	}
	return nil
}
