package exchange

import (
	"log/slog"
	"time"

	"lienthong/envelope"
	"lienthong/signer"
)

// A Config is what a node is made of.
type Config struct {
	ID       string          // node id, as the directory names it
	Signer   envelope.Signer // key of the node's certificate, ECDSA P-256
	Store    Store
	Blobs    Blobs
	Validate ValidateFunc    // judges a PDF; see [NewValidator]
	Signing  *signer.Service // the door to keys; nil: this node has none
	Now      func() time.Time
	Log      *slog.Logger // nil discards
	MaxFile  int64        // bytes of one file; 0 means 4 GiB
	MaxBytes int64        // bytes of all files of a letter; 0 means 8 GiB
	Workers  int          // validations at once; 0 means 2
}

// A Node is what [Service] and [Relay] share: one store, one directory, one key.
type Node struct{ cfg Config }

// NewNode opens a node over its store: it reads incarnation and directory.
func NewNode(cfg Config) (*Node, error) { return &Node{cfg: cfg}, nil }

// ID is the node's id.
func (n *Node) ID() string { return n.cfg.ID }

// Directory is the directory as it is now; it is never nil, and never changes.
func (n *Node) Directory() *Directory { return nil }
