package exchange

import (
	"fmt"

	"lienthong/envelope"
	"lienthong/journal"
)

// A draft is a change that is being put together: rows, and the entries that
// record them.
type draft struct {
	node   *Node
	actor  journal.Actor
	change Change
}

func (n *Node) draft(actor journal.Actor) *draft { return &draft{node: n, actor: actor} }

// entry adds an entry and returns its offset.
func (d *draft) entry(agency, action, object, detail string) int {
	d.change.Entries = append(d.change.Entries, d.node.entry(d.actor, agency, action, object, detail))
	return len(d.change.Entries) - 1
}

// issue signs a statement of this node about a delivery and adds it, with the entry
// that names its digest; where to sends it on.
func (d *draft) issue(kind envelope.StatementKind, to Delivery, seq uint64, previous envelope.Digest, sendTo string, detail func(*envelope.Statement)) (StatementRow, error) {
	if err := saidEnough(kind, seq); err != nil {
		return StatementRow{}, err
	}
	st := envelope.Statement{Kind: kind, Envelope: to.Digest, OriginNode: to.Key.Origin, EnvelopeID: to.Key.ID, Recipient: to.Key.Recipient,
		Issuer: d.node.cfg.ID, Incarnation: d.node.incarnation, Sequence: seq, Time: d.node.now(), Previous: previous}
	if detail != nil {
		detail(&st)
	}
	sealed, err := envelope.SealStatement(&st, d.node.Signer())
	if err != nil {
		return StatementRow{}, err
	}
	if sendTo != "" && sendTo == to.From {
		sendTo = d.node.backTo(&to)
	}
	row := StatementRow{Key: st.Key(), Digest: sealed.Digest(), Agency: to.Key.Recipient, Delivery: to.Key, Sealed: sealed, Received: st.Time, SendTo: sendTo}
	row.Entry = d.entry(to.Key.Recipient, "statement."+kind.String(), row.Digest.String(), about(to.Key))
	d.change.Statements = append(d.change.Statements, row)
	return row, nil
}

// about says in an entry's detail which delivery it is about.
func about(k DeliveryKey) string {
	return fmt.Sprintf("origin=%s letter=%s recipient=%s", k.Origin, k.ID, k.Recipient)
}

// whyText names a person's words in an entry by their SHA-256, for who is given the words: an
// entry stands for ever. The words themselves are for the log, and rows that may be erased.
func whyText(reason string) string {
	if reason == "" {
		return ""
	}
	return "reason_sha256=" + envelope.Sum([]byte(reason)).String()
}

// own finds this node's newest statement of a kind among those stored, and the number of
// the one that would come next.
func (n *Node) own(rows []StatementRow, kind envelope.StatementKind) (next uint64, last *StatementRow) {
	var newest uint64
	for i := range rows {
		if rows[i].Key.Issuer == n.cfg.ID && rows[i].Key.Kind == kind && rows[i].Key.Sequence > newest {
			newest, last = rows[i].Key.Sequence, &rows[i]
		}
	}
	return n.sequenceAfter(newest), last
}
