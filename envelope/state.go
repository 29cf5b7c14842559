package envelope

import (
	"crypto/sha256"
	"sort"
)

// Keys of entries: agencies and nodes have ids of their own.
const (
	agencyEntry = "a/"
	nodeEntry   = "n/"
)

// State is a digest of what a zone's directory says, however it was put together: of all
// entries by id, each by the bytes in which it was signed. Times and epoch are not in it.
// Two directories of one zone and epoch must have the same.
func (d *Directory) State() Digest {
	sums := d.entrySums()
	keys := make([]string, 0, len(sums))
	for key := range sums {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	h := sha256.New()
	h.Write([]byte("lienthong directory state v1\n"))
	for _, key := range keys {
		sum := sums[key]
		h.Write(sum[:])
	}
	return Digest(h.Sum(nil))
}

// entrySums gives the digest of every entry.
func (d *Directory) entrySums() map[string]Digest {
	if d.sums != nil {
		return d.sums
	}
	out := make(map[string]Digest, len(d.Agencies)+len(d.Nodes))
	for i := range d.Agencies {
		out[agencyEntry+d.Agencies[i].ID] = agencySum(&d.Agencies[i])
	}
	for i := range d.Nodes {
		out[nodeEntry+d.Nodes[i].ID] = nodeSum(&d.Nodes[i])
	}
	return out
}

func (d *Directory) sumOfAgency(a *Agency) Digest {
	if sum, ok := d.sums[agencyEntry+a.ID]; ok {
		return sum
	}
	return agencySum(a)
}

func (d *Directory) sumOfNode(n *Node) Digest {
	if sum, ok := d.sums[nodeEntry+n.ID]; ok {
		return sum
	}
	return nodeSum(n)
}

func (d *Delta) sum(key string, made Digest) Digest {
	if sum, ok := d.sums[key]; ok {
		return sum
	}
	return made
}

func agencySum(a *Agency) Digest { return entrySum(agencyEntry, mustMarshal(a.Proto())) }

func nodeSum(n *Node) Digest { return entrySum(nodeEntry, mustMarshal(n.proto())) }

func entrySum(kind string, data []byte) Digest {
	h := sha256.New()
	h.Write([]byte(kind))
	h.Write(data)
	return Digest(h.Sum(nil))
}
