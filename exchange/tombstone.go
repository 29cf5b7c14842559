package exchange

import (
	"context"
	"fmt"

	"lienthong/journal"
)

// tombstoneMargin is for how long a tombstone outlives its recall, in microseconds: 30
// days. Its target expired a day before the recall at the latest ([recallMargin]), and is
// refused as such from then on, by whatever clock it is late.
const tombstoneMargin = 30 * 24 * 3600 * 1_000_000

// forgetTombstones ends those whose target will never come.
func (n *Node) forgetTombstones(ctx context.Context) error {
	for {
		aims, err := n.cfg.Store.Tombstones(ctx, n.now(), tendBatch)
		if err != nil || len(aims) == 0 {
			return err
		}
		gone := 0
		for _, aim := range aims {
			if !aim.Known {
				gone++
			}
		}
		d := n.draft(journal.System)
		d.change.Forget = aims
		d.entry("", "tombstone.forget", "", fmt.Sprintf("recalls=%d targets_never_came=%d", len(aims), gone))
		if _, err := n.commit(ctx, d.change); err != nil {
			return err
		}
	}
}
