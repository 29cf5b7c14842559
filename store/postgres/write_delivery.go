package postgres

import (
	"fmt"

	"lienthong/exchange"
)

const (
	insertDelivery = `INSERT INTO delivery (id, envelope_id, origin_node, agency_id, origin_agency_id, digest, role,
		home, state, reason, from_peer, peer, urgency, created, updated, expires_at, held_until,
		tip, custodian, verdict, status, status_seq, verdict_seq, revision, changed, arrived, answer_by, attempts,
		kind, thread, version, follows, offered, copy, take_back, size)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, 1, $24, $25, $26,
		$27, $28, $29, $30, $31, $32, $33, $34, $35)
		ON CONFLICT DO NOTHING`
	updateDelivery = `UPDATE delivery SET role = $1, home = $2, state = $3, reason = $4, from_peer = $5, peer = $6, urgency = $7,
		created = $8, updated = $9, expires_at = $10, held_until = $11,
		tip = $12, custodian = $13, verdict = $14, status = $15, status_seq = $16, verdict_seq = $17,
		revision = revision + 1, changed = $18, arrived = $19, answer_by = $20, attempts = $21, follows = $22, offered = $23, copy = $24,
		take_back = $25, size = $26 WHERE id = $27 AND revision = $28`
)

// putDeliveries inserts rows of revision 0 and replaces others if they are as
// they were read. What names a delivery (id, key,
// digest, origin agency, place in the thread) never changes.
func (a *act) putDeliveries() {
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		stale := func() error {
			return fmt.Errorf("postgres: delivery %s at revision %d: %w", d.ID, d.Revision, exchange.ErrStale)
		}
		if d.Revision == 0 {
			a.must(stale, insertDelivery, d.ID[:], d.Key.ID[:], d.Key.Origin, d.Key.Recipient, d.OriginAgency, d.Digest[:], int64(d.Role),
				d.Home, int64(d.State), d.Reason, d.From, d.Peer, int64(d.Urgency), d.Created, d.Updated, d.ExpiresAt, d.HeldUntil,
				d.Tip[:], d.Custodian, d.Verdict, int64(d.Status), int64(d.StatusSeq), int64(d.VerdictSeq), a.last(), d.Arrived, d.AnswerBy, int64(d.Attempts),
				int64(d.Kind), d.Thread[:], int64(d.Version), int64(d.Follows), d.Offered, int64(d.Copy), int64(d.TakeBack), d.Size)
			continue
		}
		a.must(stale, updateDelivery, int64(d.Role), d.Home, int64(d.State), d.Reason, d.From, d.Peer, int64(d.Urgency),
			d.Created, d.Updated, d.ExpiresAt, d.HeldUntil,
			d.Tip[:], d.Custodian, d.Verdict, int64(d.Status), int64(d.StatusSeq), int64(d.VerdictSeq),
			a.last(), d.Arrived, d.AnswerBy, int64(d.Attempts), int64(d.Follows), d.Offered, int64(d.Copy), int64(d.TakeBack), d.Size, d.ID[:], int64(d.Revision))
	}
}

const (
	insertJob = `INSERT INTO job (envelope_id, origin_node, agency_id, due_at, claimable_at, attempts)
		VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT (envelope_id, origin_node, agency_id) DO UPDATE SET
		due_at = excluded.due_at, claimable_at = excluded.claimable_at, attempts = excluded.attempts`
	deleteJob = `DELETE FROM job WHERE envelope_id = $1 AND origin_node = $2 AND agency_id = $3`
)

func (a *act) putJobs() {
	for _, j := range a.Jobs {
		a.do(insertJob, j.Key.ID[:], j.Key.Origin, j.Key.Recipient, j.DueAt, int64(j.Attempts))
	}
}

func (a *act) finishJobs() {
	for _, k := range a.Finished {
		a.do(deleteJob, k.ID[:], k.Origin, k.Recipient)
	}
}

// claimJobs leases jobs to a replica. A lease that ends makes the job claimable
// again: whoever held it has died, or is too slow to be waited for. Rows that another
// replica is claiming at this moment are passed over.
//
// They are chosen once, MATERIALIZED: a server that takes the table to be empty would
// choose anew for each row of it, passing over those that it has just leased, and lease all.
const claimJobs = `WITH c AS MATERIALIZED (SELECT envelope_id, origin_node, agency_id, claimable_at FROM job
		WHERE claimable_at <= $1 ORDER BY claimable_at LIMIT $3 FOR UPDATE SKIP LOCKED)
	UPDATE job j SET claimable_at = $2, attempts = j.attempts + 1, replica = $4 FROM c
	WHERE j.envelope_id = c.envelope_id AND j.origin_node = c.origin_node AND j.agency_id = c.agency_id
	RETURNING j.envelope_id, j.origin_node, j.agency_id, j.due_at, j.attempts, c.claimable_at`
