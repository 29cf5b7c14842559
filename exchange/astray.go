package exchange

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// astrayEvery is how often statements are looked at whose neighbour may be none any more
// while the directory stays as it is, in microseconds: one may have been written by the
// directory of before.
const astrayEvery = 3600 * 1_000_000

// rerouteStatements sends statements that wait for a node which is no neighbour any more by
// the way that the directory knows now. Where the node that wants them has ended there is
// nobody to tell: they wait no longer, and stay in the store and in evidence.
func (n *Node) rerouteStatements(ctx context.Context) error {
	dir, now := n.Directory(), n.now()
	if _, ok := dir.Node(n.cfg.ID); !ok || n.rerouted.Load() == dir && now-n.reroutedAt.Load() < astrayEvery {
		return nil
	}
	backlog, err := n.cfg.Store.Backlog(ctx, now)
	if err != nil {
		return err
	}
	for _, w := range backlog.Statements {
		if dir.neighbour(n.cfg.ID, w.Peer) {
			continue
		}
		if err := n.reroute(ctx, dir, w.Peer); err != nil {
			return err
		}
	}
	n.rerouted.Store(dir)
	n.reroutedAt.Store(now)
	return nil
}

// neighbour reports that two nodes are, or will be, linked.
func (d *Directory) neighbour(self, peer string) bool {
	node, ok := d.Node(peer)
	return ok && node.Ended == 0 && d.peers(self, peer)
}

// reroute looks at all statements that wait for one peer.
func (n *Node) reroute(ctx context.Context, dir *Directory, peer string) error {
	after := uint64(0)
	for {
		rows, err := n.cfg.Store.StatementsTo(ctx, peer, after, statementBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		after = rows[len(rows)-1].Seq
		if err := n.rerouteBatch(ctx, dir, peer, rows); err != nil {
			return err
		}
	}
}

// rerouteBatch first lets statements wait for their new peers, and then no more for the old
// one: who dies between the two does it again.
func (n *Node) rerouteBatch(ctx context.Context, dir *Directory, peer string, rows []StatementOut) error {
	d := n.draft(journal.System)
	var done []envelope.Digest
	moved := map[string]int{}
	ended := 0
	for _, out := range rows {
		hop := dir.RouteTo(n.cfg.ID, out.Delivery.Origin)
		origin, _ := dir.Node(out.Delivery.Origin)
		row := out.StatementRow
		switch {
		case hop.Peer != "" && dir.neighbour(n.cfg.ID, hop.Peer):
			row.Entry, row.SendTo = 0, hop.Peer
			d.change.Statements = append(d.change.Statements, row)
			moved[hop.Peer]++
		case origin.Ended != 0:
			ended++
		default:
			continue // there may be a way one day
		}
		done = append(done, row.Digest)
	}
	if len(done) == 0 {
		return nil
	}
	for to, count := range moved {
		d.entry("", "statement.reroute", "", fmt.Sprintf("from=%s to=%s statements=%d", peer, to, count))
	}
	if ended > 0 {
		e := d.entry("", "statement.end", "", fmt.Sprintf("to=%s statements=%d", peer, ended))
		d.change.Entries[e].Outcome = "NODE_ENDED"
	}
	if _, err := n.commit(ctx, d.change); err != nil {
		return err
	}
	return n.cfg.Store.StatementsSent(ctx, peer, done)
}
