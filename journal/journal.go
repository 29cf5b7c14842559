// Package journal is a node's append-only log of what it signed, validated, sent,
// received and decided: the bytes of an entry, and the Merkle tree (RFC 6962)
// over them with its proofs.
//
// It stores nothing, signs nothing and reads no clock. A store keeps leaves and
// hashes, and appends them in the transaction that they record; package envelope
// signs the heads.
package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// An Actor is who acts. One is made in one place, from what the transport has
// proved, and every method that acts takes one, so that nothing is done by nobody.
type Actor struct {
	Principal string // id of a principal of this node, or "system"
	Node      string // id of the peer node, where a peer acts
	Staff     string // id of the person for whom the principal says to act; never a name
	Token     string // id of the API token that the principal showed, if it was one
}

// System is the node itself: its jobs, deadlines and relays.
var System = Actor{Principal: "system"}

// An Entry is one act or decision. It holds ids and digests, never names or
// subjects, so that retention can delete text and leave the tree whole.
type Entry struct {
	Time    int64  // microseconds since 1970-01-01T00:00:00Z
	Actor   Actor  // who
	Agency  string // id of the agency for which, or of which, it is; may be empty
	Action  string // what: "statement.custody", "letter.offer", "sign.intent", …
	Object  string // on what: an id, or a digest in lower-case hex
	Detail  string // small: ids and codes, key=value, separated by spaces
	Outcome string // "ok", or a stable reason in upper case
}

// OutcomeOK is the outcome of what went well.
const OutcomeOK = "ok"

// MaxLeaf bounds the bytes of one leaf.
const MaxLeaf = 4096

// leaf fixes the order and names of the JSON form. They are hashed: they never change.
type leaf struct {
	V       int    `json:"v"`
	Time    int64  `json:"time"`
	Actor   string `json:"actor"`
	Node    string `json:"node,omitempty"`
	Staff   string `json:"staff,omitempty"`
	Agency  string `json:"agency,omitempty"`
	Action  string `json:"action"`
	Object  string `json:"object"`
	Detail  string `json:"detail,omitempty"`
	Outcome string `json:"outcome"`
	Token   string `json:"token,omitempty"`
}

// Leaf gives the bytes that are hashed and stored: one line of JSON. A store
// calls it once, keeps the bytes, and never makes them again from an Entry.
func (e Entry) Leaf() ([]byte, error) {
	if e.Action == "" || e.Outcome == "" || e.Time <= 0 {
		return nil, fmt.Errorf("journal: entry %q of %q at %d: want an action, an outcome and a time", e.Action, e.Object, e.Time)
	}
	if e.Actor.Principal == "" && e.Actor.Node == "" {
		return nil, fmt.Errorf("journal: entry %q of %q: want an actor", e.Action, e.Object)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(leaf{V: 1, Time: e.Time, Actor: e.Actor.Principal, Node: e.Actor.Node, Staff: e.Actor.Staff,
		Agency: e.Agency, Action: e.Action, Object: e.Object, Detail: e.Detail, Outcome: e.Outcome, Token: e.Actor.Token})
	if err != nil {
		return nil, fmt.Errorf("journal: entry %q: %w", e.Action, err)
	}
	out := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(out) > MaxLeaf {
		return nil, fmt.Errorf("journal: entry %q of %q: %d bytes, at most %d", e.Action, e.Object, len(out), MaxLeaf)
	}
	return out, nil
}

// ErrLeaf is wrapped by errors about bytes that are no leaf.
var ErrLeaf = errors.New("not a journal leaf")

// ParseLeaf reads a leaf for display and for checking what it names. Fields that
// it does not know are passed over: the leaf may be of a later version.
func ParseLeaf(data []byte) (Entry, error) {
	if len(data) > MaxLeaf {
		return Entry{}, fmt.Errorf("journal: %w: %d bytes, at most %d", ErrLeaf, len(data), MaxLeaf)
	}
	var l leaf
	if err := json.Unmarshal(data, &l); err != nil {
		return Entry{}, fmt.Errorf("journal: %w: %v", ErrLeaf, err)
	}
	if l.V < 1 || l.Action == "" {
		return Entry{}, fmt.Errorf("journal: %w: version %d, action %q", ErrLeaf, l.V, l.Action)
	}
	return Entry{Time: l.Time, Actor: Actor{Principal: l.Actor, Node: l.Node, Staff: l.Staff, Token: l.Token}, Agency: l.Agency,
		Action: l.Action, Object: l.Object, Detail: l.Detail, Outcome: l.Outcome}, nil
}
