package exchange

import (
	"context"
	"errors"
	"slices"

	"lienthong/envelope"
)

// A threadKey names a thread for one recipient.
type threadKey struct {
	agency    string // origin agency
	thread    envelope.ID
	recipient string
}

func (d *Delivery) threadKey() threadKey {
	return threadKey{d.OriginAgency, d.Thread, d.Key.Recipient}
}

// put adds a row to the change, in place of the same one.
func (d *draft) put(to Delivery) {
	for i := range d.change.Deliveries {
		if d.change.Deliveries[i].ID == to.ID {
			d.change.Deliveries[i] = to
			return
		}
	}
	d.change.Deliveries = append(d.change.Deliveries, to)
}

// overlay is a row as it will be.
func (d *draft) overlay(to Delivery) Delivery {
	for _, row := range d.change.Deliveries {
		if row.ID == to.ID {
			return row
		}
	}
	return to
}

// fold brings the copies of threads up to what the change will make of them. Threads
// that replacements of these act on come along.
func (d *draft) fold(ctx context.Context, keys ...threadKey) error {
	for i := 0; i < len(keys); i++ {
		if slices.Contains(keys[:i], keys[i]) {
			continue
		}
		more, err := d.foldOne(ctx, keys[i])
		if err != nil {
			return err
		}
		keys = append(keys, more...)
	}
	return nil
}

// foldDeliveries folds the threads of the change's rows that are at home here, or were
// submitted here: the others have copies elsewhere.
func (d *draft) foldDeliveries(ctx context.Context) error {
	var keys []threadKey
	for _, to := range d.change.Deliveries {
		if (to.Home || to.From == "") && to.State == StateDelivered {
			keys = append(keys, to.threadKey())
		}
	}
	return d.fold(ctx, keys...)
}

func (d *draft) foldOne(ctx context.Context, key threadKey) (more []threadKey, err error) {
	s, seen, err := d.strand(ctx, key)
	if err != nil {
		return nil, err
	}
	d.change.Threads = append(d.change.Threads, seen)
	for id, fate := range s.fold() {
		i := slices.IndexFunc(s.rows, func(row Delivery) bool { return row.ID == id })
		row := s.rows[i]
		if row.Copy != fate.copy || row.TakeBack != fate.takeBack {
			if row.Copy == CopyWaiting && row.Reason == ReasonIncomplete {
				row.Reason = ""
			}
			if row.Copy == CopyWaiting && row.Home && d.overlay(row).Reason == ReasonIncomplete {
				if err := d.remark(ctx, &row, remarkComplete, ""); err != nil {
					return nil, err
				}
			}
			row.Copy, row.TakeBack, row.Updated = fate.copy, fate.takeBack, d.node.now()
			d.put(row)
			d.entry(row.Key.Recipient, "copy."+row.Copy.String(), row.Digest.String(), about(row.Key)+" take_back="+row.TakeBack.String())
		}
		if row.Kind == envelope.KindReplacement && fate.copy != CopyWaiting {
			others, err := d.replacedThreads(ctx, row)
			if err != nil {
				return nil, err
			}
			more = append(more, others...)
		}
	}
	return more, nil
}

// strand reads a thread as it will be after the change.
func (d *draft) strand(ctx context.Context, key threadKey) (*strand, ThreadSeen, error) {
	st := d.node.cfg.Store
	rows, err := st.Thread(ctx, key.agency, key.thread, key.recipient)
	if err != nil {
		return nil, ThreadSeen{}, err
	}
	seen := ThreadSeen{Agency: key.agency, Thread: key.thread, Recipient: key.recipient, Rows: len(rows)}
	for i := range rows {
		seen.Revisions += rows[i].Revision
		rows[i] = d.overlay(rows[i])
	}
	for _, to := range d.change.Deliveries {
		if to.Revision == 0 && to.threadKey() == key {
			rows = append(rows, to)
		}
	}
	s := &strand{rows: rows, aims: map[envelope.Digest][]Aim{}, by: map[DeliveryKey]Delivery{}}
	for _, row := range rows {
		s.by[row.Key] = row
	}
	for _, row := range rows {
		if row.Kind == envelope.KindRecall {
			continue
		}
		aims, err := st.Aims(ctx, row.Digest, key.recipient)
		if err != nil {
			return nil, seen, err
		}
		for _, aim := range d.change.Aims {
			if aim.Target == row.Digest && aim.By.Recipient == key.recipient {
				aims = append(aims, aim)
			}
		}
		s.aims[row.Digest] = aims
		for _, aim := range aims {
			if err := d.aimedBy(ctx, s, aim.By); err != nil {
				return nil, seen, err
			}
		}
	}
	return s, seen, nil
}

// aimedBy finds the row of what is aimed at a letter, which may be of another thread.
func (d *draft) aimedBy(ctx context.Context, s *strand, key DeliveryKey) error {
	if _, ok := s.by[key]; ok {
		return nil
	}
	for _, to := range d.change.Deliveries {
		if to.Key == key {
			s.by[key] = to
			return nil
		}
	}
	row, err := d.node.deliveryByKey(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	s.by[key] = row
	return err
}

// replacedThreads are other threads with documents that a replacement takes the place of.
func (d *draft) replacedThreads(ctx context.Context, to Delivery) ([]threadKey, error) {
	content, err := d.contentOf(ctx, to.Key.Letter())
	if err != nil || content.Change == nil {
		return nil, err
	}
	var out []threadKey
	for _, r := range content.Change.Replaced {
		row, _, err := d.node.subject(ctx, r.Envelope, to.Key.Recipient)
		if err != nil {
			return nil, err
		}
		if row != nil && row.OriginAgency == to.OriginAgency && contains(r.Recipients, to.Key.Recipient) {
			out = append(out, row.threadKey())
		}
	}
	return out, nil
}

// contentOf reads the content of a letter that is here, or that the change stores.
func (d *draft) contentOf(ctx context.Context, key LetterKey) (envelope.Content, error) {
	for _, l := range append([]*Letter{d.change.Letter}, d.change.Also...) {
		if l != nil && l.Key == key {
			return envelope.ParseContent(l.Content)
		}
	}
	letter, err := d.node.cfg.Store.Letter(ctx, key)
	if err != nil || letter.Cleared != 0 { // then it ended long ago
		return envelope.Content{}, err
	}
	return envelope.ParseContent(letter.Content)
}

// subject finds the delivery of an envelope by its digest. known: there are statements
// about it here, with or without a row.
func (n *Node) subject(ctx context.Context, digest envelope.Digest, recipient string) (row *Delivery, known bool, err error) {
	stored, err := n.cfg.Store.Statements(ctx, digest, recipient)
	if err != nil || len(stored) == 0 {
		return nil, false, err
	}
	found, err := n.deliveryByKey(ctx, stored[0].Delivery)
	if errors.Is(err, ErrNotFound) {
		return nil, true, nil
	}
	return &found, true, err
}
