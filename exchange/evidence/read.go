package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"lienthong/envelope"
)

// Limits of a container that a stranger brings.
const (
	maxMembers = 10_000
	maxMember  = 32 << 20 // bytes of one that is no document
	maxTotal   = 256 << 20
	maxFile    = 16 << 30 // bytes of a document
)

// A container is one that was read: members by name, documents as their digests alone.
type container struct {
	members   map[string][]byte
	documents map[string]envelope.Digest
	sums      map[string][sha256.Size]byte
	names     []string
	broken    []string // members that could not be read whole
}

// open reads a container. Every byte of every member goes through a digest.
func open(r io.ReaderAt, size int64) (*container, error) {
	head := make([]byte, 30+len(mimetypeName)+len(mimetype))
	if _, err := r.ReadAt(head, 0); err != nil || !bytes.HasPrefix(head, []byte("PK\x03\x04")) || string(head[30:]) != mimetypeName+mimetype {
		return nil, errors.New("evidence: this is no ASiC-E container: it does not begin with its media type")
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("evidence: %d members, want at most %d", len(z.File), maxMembers)
	}
	c := &container{members: map[string][]byte{}, documents: map[string]envelope.Digest{}, sums: map[string][sha256.Size]byte{}}
	total := uint64(0)
	for _, f := range z.File {
		if _, twice := c.sums[f.Name]; twice {
			return nil, fmt.Errorf("evidence: two members are called %.80q", f.Name)
		}
		if !strings.HasPrefix(f.Name, documents) {
			total += f.UncompressedSize64
		}
		if total > maxTotal {
			return nil, fmt.Errorf("evidence: members of more than %d bytes", maxTotal)
		}
		if err := c.read(f); err != nil {
			c.broken = append(c.broken, fmt.Sprintf("%.80q cannot be read: %v", f.Name, err))
		}
		c.names = append(c.names, f.Name)
	}
	return c, nil
}

func (c *container) read(f *zip.File) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	h := sha256.New()
	if strings.HasPrefix(f.Name, documents) {
		n, err := io.Copy(h, io.LimitReader(in, maxFile))
		if err == nil && n == maxFile {
			err = fmt.Errorf("has %d bytes or more", maxFile)
		}
		sum := [sha256.Size]byte(h.Sum(nil))
		c.documents[f.Name], c.sums[f.Name] = sum, sum
		return err
	}
	data, err := io.ReadAll(io.LimitReader(in, maxMember+1))
	if err == nil && len(data) > maxMember {
		err = fmt.Errorf("has more than %d bytes", maxMember)
	}
	c.members[f.Name], c.sums[f.Name] = data, sha256.Sum256(data)
	return err
}

// matches compares a manifest with the members: each that it names is there and has its
// digest, and each that is there and that others does not list is named.
func (c *container) matches(list []reference, others map[string]bool) []string {
	var problems []string
	named := make(map[string]bool, len(list))
	for _, ref := range list {
		sum, ok := c.sums[ref.name]
		switch {
		case named[ref.name]:
			problems = append(problems, fmt.Sprintf("the manifest names %.80q twice", ref.name))
		case !ok:
			problems = append(problems, fmt.Sprintf("%.80q is named by the manifest, and missing", ref.name))
		case sum != ref.digest:
			problems = append(problems, fmt.Sprintf("%.80q was changed: its bytes hash to %x, the manifest names %x", ref.name, sum, ref.digest))
		}
		named[ref.name] = true
	}
	for _, name := range c.names {
		if !named[name] && !others[name] {
			problems = append(problems, fmt.Sprintf("%.80q is not named by the manifest: nobody has signed it", name))
		}
	}
	return problems
}

// under lists the members of a folder in the order of their names.
func (c *container) under(folder, suffix string) []string {
	var out []string
	for _, name := range c.names { // written in order, and the manifest holds that order
		if strings.HasPrefix(name, folder) && strings.HasSuffix(name, suffix) {
			out = append(out, name)
		}
	}
	return out
}
