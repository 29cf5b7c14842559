package envelope

import (
	"fmt"

	pb "lienthong/proto/lienthong/v1"
)

// A Cosignature is a node's word that it holds a checkpoint of another for consistent
// with all that it was shown of that journal before.
type Cosignature struct {
	Node           string // that cosigns
	Checkpoint     Digest // of the sealed checkpoint
	LogNode        string
	LogIncarnation ID
	TreeSize       uint64
	Time           int64 // microseconds, the cosigner's clock
}

// SealCosignature signs a cosignature.
func SealCosignature(c *Cosignature, signer Signer) (Sealed, error) {
	payload, err := encode("cosignature", &pb.Cosignature{Node: c.Node, Checkpoint: c.Checkpoint[:], LogNode: c.LogNode,
		LogIncarnation: c.LogIncarnation[:], TreeSize: c.TreeSize, Time: c.Time}, MaxStatement)
	if err != nil {
		return Sealed{}, err
	}
	return Seal(TypeCosignature, payload, signer)
}

// ParseCosignature reads a cosignature; the caller verifies that its node signed.
func ParseCosignature(s Sealed) (Cosignature, error) {
	var p pb.Cosignature
	if err := open(s, TypeCosignature, MaxStatement, &p); err != nil {
		return Cosignature{}, err
	}
	c := Cosignature{Node: p.Node, LogNode: p.LogNode, TreeSize: p.TreeSize, Time: p.Time}
	var err error
	if c.LogIncarnation, err = IDFromBytes(p.LogIncarnation); err != nil {
		return Cosignature{}, err
	}
	if c.Checkpoint, err = DigestFromBytes(p.Checkpoint); err != nil {
		return Cosignature{}, err
	}
	if c.TreeSize == 0 || c.Time <= 0 {
		return Cosignature{}, fmt.Errorf("envelope: cosignature of %d leaves at %d: %w, want a size and a time", c.TreeSize, c.Time, ErrMalformed)
	}
	if err := checkID("log node", c.LogNode); err != nil {
		return Cosignature{}, err
	}
	return c, checkID("node", c.Node)
}
