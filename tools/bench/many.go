package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"lienthong/exchange"
)

// many sends a letter to a hundred agencies beyond the district, and counts.
func (b *bench) many(ctx context.Context) (_ []row, err error) {
	t, err := b.newTree("many", nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = closing(err, t) }()
	if err := t.linked(ctx); err != nil {
		return nil, err
	}
	ward := t.nodes["ward"]
	req := opaque().request(1, "many-000")
	for i := 1; i < manyRecipients; i++ {
		req.Recipients = append(req.Recipients, exchange.OutgoingRecipient{Agency: fmt.Sprintf("many-%03d", i)})
	}
	doc, err := ward.service.Send(ctx, benchClerk, req)
	if err != nil {
		return nil, err
	}
	if err := ward.until(ctx, func() (bool, error) {
		rows, err := ward.rows.Deliveries(ctx, doc.Letter.Key)
		for _, d := range rows {
			if d.State != exchange.StateDelivered {
				return false, err
			}
		}
		return len(rows) == manyRecipients, err
	}); err != nil {
		return nil, err
	}
	var rows []row
	for _, id := range treeNodes {
		n, err := copies(filepath.Join(t.folder, id, "blobs", "sha256"))
		if err != nil {
			return nil, err
		}
		rows = append(rows, most(fmt.Sprintf("one letter to %d recipients: copies of its file at the %s", manyRecipients, id), float64(n), 1, "files"))
	}
	for _, id := range treeNodes[:2] {
		c := &t.nodes[id].offers
		x := most(fmt.Sprintf("the same: frames from the %s to the %s", id, parentOf[id]), float64(c.offers), 1, "frames")
		x.base = fmt.Sprintf("%d recipients in them", c.rows)
		rows = append(rows, x)
	}
	return rows, nil
}

// copies counts files below a folder.
func copies(root string) (n int, err error) {
	err = filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	return n, err
}
