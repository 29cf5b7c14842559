package sqlite

import (
	"fmt"

	"lienthong/exchange"
)

// putDeliveries inserts rows of revision 0 and replaces others if they are as
// they were read. What names a delivery (id, key,
// digest, origin agency, place in the thread) never changes.
func (a *act) putDeliveries() error {
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		put := a.updateDelivery
		if d.Revision == 0 {
			put = a.insertDelivery
		}
		n, err := put(d)
		if err != nil {
			return err
		}
		if n != 1 {
			return fmt.Errorf("sqlite: delivery %s at revision %d: %w", d.ID, d.Revision, exchange.ErrStale)
		}
	}
	return nil
}

func (a *act) insertDelivery(d *exchange.Delivery) (int64, error) {
	return a.exec(`INSERT INTO delivery (id, envelope_id, origin_node, agency_id, origin_agency_id, digest, role,
		home, state, reason, from_peer, peer, urgency, created, updated, expires_at, held_until,
		tip, custodian, verdict, status, status_seq, verdict_seq, revision, changed, arrived, answer_by, attempts,
		kind, thread, version, follows, offered, copy, take_back, size)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		d.ID[:], d.Key.ID[:], d.Key.Origin, d.Key.Recipient, d.OriginAgency, d.Digest[:], int64(d.Role),
		d.Home, int64(d.State), d.Reason, d.From, d.Peer, int64(d.Urgency), d.Created, d.Updated, d.ExpiresAt, d.HeldUntil,
		d.Tip[:], d.Custodian, d.Verdict, int64(d.Status), int64(d.StatusSeq), int64(d.VerdictSeq), a.last(), d.Arrived, d.AnswerBy, int64(d.Attempts),
		int64(d.Kind), d.Thread[:], int64(d.Version), int64(d.Follows), d.Offered, int64(d.Copy), int64(d.TakeBack), d.Size)
}

func (a *act) updateDelivery(d *exchange.Delivery) (int64, error) {
	return a.exec(`UPDATE delivery SET role = ?, home = ?, state = ?, reason = ?, from_peer = ?, peer = ?, urgency = ?,
		created = ?, updated = ?, expires_at = ?, held_until = ?,
		tip = ?, custodian = ?, verdict = ?, status = ?, status_seq = ?, verdict_seq = ?,
		revision = revision + 1, changed = ?, arrived = ?, answer_by = ?, attempts = ?, follows = ?, offered = ?, copy = ?, take_back = ?, size = ? WHERE id = ? AND revision = ?`,
		int64(d.Role), d.Home, int64(d.State), d.Reason, d.From, d.Peer, int64(d.Urgency),
		d.Created, d.Updated, d.ExpiresAt, d.HeldUntil,
		d.Tip[:], d.Custodian, d.Verdict, int64(d.Status), int64(d.StatusSeq), int64(d.VerdictSeq),
		a.last(), d.Arrived, d.AnswerBy, int64(d.Attempts), int64(d.Follows), d.Offered, int64(d.Copy), int64(d.TakeBack), d.Size, d.ID[:], int64(d.Revision))
}

func (a *act) putJobs() error {
	for _, j := range a.Jobs {
		if err := a.do(`INSERT INTO job (envelope_id, origin_node, agency_id, due_at, claimable_at, attempts)
			VALUES (?, ?, ?, ?, ?4, ?) ON CONFLICT DO UPDATE SET
			due_at = excluded.due_at, claimable_at = excluded.claimable_at, attempts = excluded.attempts`,
			j.Key.ID[:], j.Key.Origin, j.Key.Recipient, j.DueAt, int64(j.Attempts)); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) finishJobs() error {
	for _, k := range a.Finished {
		if err := a.do(`DELETE FROM job WHERE envelope_id = ? AND origin_node = ? AND agency_id = ?`,
			k.ID[:], k.Origin, k.Recipient); err != nil {
			return err
		}
	}
	return nil
}

const selectJobs = `SELECT envelope_id, origin_node, agency_id, due_at, attempts + 1 FROM job
	WHERE claimable_at <= ? ORDER BY claimable_at LIMIT 0+?`

// claimJobs leases jobs. A lease that ends makes the job claimable again: whoever
// held it has died, or is too slow to be waited for.
func (t *tx) claimJobs(now, until int64, limit int) (jobs []exchange.Job, err error) {
	err = t.all(selectJobs, []any{now, limit}, func(row scanner) error {
		var j exchange.Job
		if err := row.Scan(fixed(j.Key.ID[:]), &j.Key.Origin, &j.Key.Recipient, &j.DueAt, &j.Attempts); err != nil {
			return err
		}
		j.Agency = j.Key.Recipient
		jobs = append(jobs, j)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if err := t.do(`UPDATE job SET claimable_at = ?, attempts = ?
			WHERE envelope_id = ? AND origin_node = ? AND agency_id = ?`,
			until, j.Attempts, j.Key.ID[:], j.Key.Origin, j.Key.Recipient); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}
