package sqlite

import (
	"context"

	"lienthong/exchange"
)

const (
	handoverColumns = `SELECT h.delivery, h.way, h.agency_id, h.other, h.code, d.envelope_id, d.origin_node, h.at, h.due, h.answered, h.result, d.state, d.status, d.copy
		FROM handover h CROSS JOIN delivery d ON d.id = h.delivery WHERE h.agency_id = ?1`
	// One that an update or a replacement has taken the place of is not listed: 2, 3.
	handoverRest  = ` AND (h.at, h.delivery) < (?2, ?3) AND d.copy NOT IN (2, 3) AND (?4 = 0 OR h.way = ?4)`
	handoverOrder = ` ORDER BY h.at DESC, h.delivery DESC LIMIT 0+?5`
	// [exchange.Handover.Awaited], and late.
	handoverLate    = ` AND (h.answered = 0 OR h.answered >= h.due)` + handoverOver
	handoverOver    = ` AND h.due <= ?6 AND d.status <> 2 AND d.copy <> 4 AND d.state <> 8`
	selectHandovers = handoverColumns + handoverRest + handoverOrder
	selectLate      = handoverColumns + handoverRest + handoverLate + handoverOrder
	selectDossier   = handoverColumns + handoverRest + ` AND h.code = ?6` + handoverOrder
	// The same in words that the index of all that is late cannot serve: one dossier's are fewer.
	selectDossierLate = handoverColumns + handoverRest + ` AND NOT (h.answered > 0 AND h.answered < h.due)` + handoverOver + ` AND h.code = ?7` + handoverOrder

	// What an agency hands to itself is in its list once.
	insertHandovers = `INSERT INTO handover (delivery, way, filing, agency_id, other, code, digest, thread, at, due, answered, result)
		SELECT d.id, f.way, f.n, f.agency_id, iif(f.way = 1, d.agency_id, d.origin_agency_id), f.dossier, d.digest, d.thread, f.at, ?1, 0, x''
			FROM filing f CROSS JOIN letter l ON l.n = f.letter CROSS JOIN delivery d ON d.envelope_id = l.envelope_id AND d.origin_node = l.origin_node
			WHERE f.id = ?2 AND f.way = ?3 AND f.dossier <> '' AND iif(f.way = 1, d.from_peer = '', d.id = f.id AND d.origin_agency_id <> f.agency_id)
		ON CONFLICT DO NOTHING`
	// What A handed over to B is answered by what comes from B to A, at A and at B.
	answerHandovers = `UPDATE handover SET answered = ?1, result = r.id
		FROM (SELECT d.id, f.way, f.agency_id, f.dossier, iif(f.way = 1, d.agency_id, d.origin_agency_id) AS other
			FROM filing f CROSS JOIN letter l ON l.n = f.letter CROSS JOIN delivery d ON d.envelope_id = l.envelope_id AND d.origin_node = l.origin_node
			WHERE f.id = ?2 AND f.way = ?3 AND f.dossier <> '' AND iif(f.way = 1, d.from_peer = '', d.id = f.id)) r
		WHERE handover.thread IN (SELECT thread FROM handover WHERE digest = ?4) AND handover.agency_id = r.agency_id AND handover.way = 3 - r.way
			AND handover.other = r.other AND handover.code = r.dossier AND handover.answered = 0`
	// A result that was refused or recalled is none.
	reopenHandovers = `UPDATE handover SET answered = 0, result = x'' WHERE result = ? AND answered > 0`
)

// Handovers implements [exchange.HandoverStore].
func (s *Store) Handovers(ctx context.Context, agency string, want exchange.HandoverQuery, after exchange.Mark, limit int) (out []exchange.Handover, err error) {
	after = fromNewest(after)
	query, args := selectHandovers, []any{agency, after.At, after.ID[:], int64(want.Way), limit}
	switch {
	case want.Code != "" && want.Late != 0:
		query, args = selectDossierLate, append(args, want.Late, want.Code)
	case want.Code != "":
		query, args = selectDossier, append(args, want.Code)
	case want.Late != 0:
		query, args = selectLate, append(args, want.Late)
	}
	err = s.all(ctx, query, args, func(row scanner) error {
		var h exchange.Handover
		var result []byte
		err := row.Scan(fixed(h.ID[:]), &h.Way, &h.Agency, &h.Other, &h.Code, fixed(h.Letter.ID[:]), &h.Letter.Origin, &h.At, &h.Due, &h.Answered, &result, &h.State, &h.Status, &h.Copy)
		copy(h.Result[:], result)
		out = append(out, h)
		return err
	})
	return out, err
}

// fromNewest is the mark before which a list that goes down begins.
func fromNewest(m exchange.Mark) exchange.Mark {
	if m == (exchange.Mark{}) {
		return exchange.Mark{At: below(0), ID: newest}
	}
	return m
}

// handOver keeps what a filing hands over, and of which it is the result.
func (t *tx) handOver(f *exchange.Filing) error {
	if f.WantedBy != 0 {
		if err := t.do(insertHandovers, f.WantedBy, f.ID[:], int64(f.Way)); err != nil {
			return err
		}
	}
	for _, digest := range f.Answers {
		if err := t.do(answerHandovers, f.AnsweredAt, f.ID[:], int64(f.Way), digest[:]); err != nil {
			return err
		}
	}
	return nil
}
