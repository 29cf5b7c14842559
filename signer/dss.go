package signer

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // names an entry of /VRI, as the standard has it; nothing rests on it
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"lienthong/certs"
	"lienthong/signer/pdf"
)

// A storage is the document security store of a file (EN 319 142-1, 5.4.2; ISO
// 32000-2, 12.8.4.3), to which evidence is added. All that it holds stays.
type storage struct {
	*plan
	ref   pdf.Ref // of the store where it is an object of its own
	dict  *pdf.Dict
	grown bool // dict itself has changed
	lists map[pdf.Name]*storedList
}

// A storedList is one of /Certs, /CRLs and /OCSPs.
type storedList struct {
	ref   pdf.Ref // where the array is an object of its own
	items pdf.Array
	known map[[32]byte]pdf.Object // the stream of each value
	added int
}

// Limits of what is looked at in a store.
const (
	maxStored      = 10_000
	maxStoredBytes = 256 << 20
)

// eachStored calls use with each stream of a list that can be read.
func eachStored(v *pdf.View, dss *pdf.Dict, key pdf.Name, use func(pdf.Object, []byte)) {
	list, err := v.Array(dss.Get(key))
	if err != nil {
		return
	}
	budget := int64(maxStoredBytes)
	for i, o := range list {
		if i == maxStored || budget <= 0 {
			return
		}
		resolved, err := v.Resolve(o)
		s, ok := resolved.(*pdf.Stream)
		if err != nil || !ok {
			continue
		}
		if data, err := s.Decode(v); err == nil {
			budget -= int64(len(data))
			use(o, data)
		}
	}
}

// openStorage reads the store of the file, or begins one.
func openStorage(in pdf.Source, opts AugmentOptions) (*storage, error) {
	p, err := openPlan(in, SignOptions{At: opts.At, Limits: opts.Limits})
	if err != nil {
		return nil, err
	}
	s := &storage{plan: p, dict: pdf.NewDict(pdf.Entry{Key: "Type", Value: pdf.Name("DSS")}), lists: make(map[pdf.Name]*storedList)}
	old, err := p.view.Dict(p.catalog.Get("DSS"))
	if err != nil {
		return nil, fmt.Errorf("augment: read the security store: %w", err)
	}
	if old != nil {
		s.dict = old.Clone()
		s.ref, _ = p.catalog.Get("DSS").(pdf.Ref)
	}
	for _, key := range []pdf.Name{"Certs", "OCSPs", "CRLs"} {
		l := &storedList{known: make(map[[32]byte]pdf.Object)}
		if l.items, err = p.view.Array(s.dict.Get(key)); err != nil {
			return nil, fmt.Errorf("augment: read the security store: %w", err)
		}
		if l.items != nil {
			l.ref, _ = s.dict.Get(key).(pdf.Ref)
		}
		eachStored(p.view, s.dict, key, func(o pdf.Object, der []byte) { l.known[sha256.Sum256(der)] = o })
		s.lists[key] = l
	}
	return s, nil
}

// put returns the stream of a value in a list, and adds one where there is none.
func (s *storage) put(key pdf.Name, der []byte) pdf.Object {
	l, digest := s.lists[key], sha256.Sum256(der)
	if o := l.known[digest]; o != nil {
		return o
	}
	ref := s.update.Add(derStream(der))
	l.known[digest] = ref
	l.items = append(l.items[:len(l.items):len(l.items)], ref)
	l.added++
	return ref
}

// derStream is compressed where that is worth it: long lists are, certificates
// hardly.
func derStream(der []byte) *pdf.Stream {
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, err := w.Write(der)
	if err == nil {
		err = w.Close()
	}
	if err != nil || packed.Len() > len(der)-len(der)/8 {
		return pdf.NewStream(pdf.NewDict(), der)
	}
	return pdf.NewStream(pdf.NewDict(pdf.Entry{Key: "Filter", Value: pdf.Name("FlateDecode")}), packed.Bytes())
}

func (s *storage) putAll(m *certs.Material) {
	for _, c := range m.Certificates {
		s.put("Certs", c.Raw)
	}
	for _, b := range m.OCSP {
		s.put("OCSPs", b.DER)
	}
	for _, b := range m.CRLs {
		s.put("CRLs", b.DER)
	}
}

// write plans the objects that change, and reports whether there are any. Of what
// holds a list only the innermost object is rewritten.
func (s *storage) write() (bool, error) {
	changed := s.grown
	for _, key := range []pdf.Name{"Certs", "OCSPs", "CRLs"} {
		l := s.lists[key]
		switch {
		case l.added == 0:
			continue
		case l.ref.IsZero():
			s.dict.Set(key, l.items)
			s.grown = true
		default:
			s.update.Set(l.ref, l.items)
		}
		changed = true
	}
	if !changed {
		return false, nil
	}
	switch {
	case !s.grown:
	case !s.ref.IsZero():
		s.update.Set(s.ref, s.dict)
	case s.catalog.Has("DSS"):
		s.editCatalog(func(c *pdf.Dict) { c.Set("DSS", s.dict) })
	default:
		ref := s.update.Add(s.dict)
		s.editCatalog(func(c *pdf.Dict) { c.Set("DSS", ref) })
	}
	return true, s.writeExtensions(nil)
}

// relate writes into /VRI which of the evidence belongs to a signature. An entry
// that is there keeps what it has.
func (s *storage) relate(contents []byte, m *certs.Material) error {
	all, err := s.view.Dict(s.dict.Get("VRI"))
	if err != nil {
		return fmt.Errorf("augment: read the security store: %w", err)
	}
	vri := pdf.NewDict()
	if all != nil {
		vri = all.Clone()
	}
	name := vriName(contents)
	old, err := s.view.Dict(vri.Get(name))
	if err != nil {
		return fmt.Errorf("augment: read the security store: %w", err)
	}
	entry := pdf.NewDict()
	if old != nil {
		entry = old.Clone()
	}
	grown := old == nil
	for _, r := range s.relations(m) {
		have, err := s.view.Array(entry.Get(r.key))
		if err != nil {
			return fmt.Errorf("augment: read the security store: %w", err)
		}
		if all := union(have, r.list); len(all) > len(have) {
			entry.Set(r.key, all)
			grown = true
		}
	}
	if !grown {
		return nil
	}
	// The entries of /VRI are written in the store's own object: this form is rare
	// enough not to be worth tracking where each was.
	vri.Set(name, entry)
	s.dict.Set("VRI", vri)
	s.grown = true
	return nil
}

// A relation is one list of an entry of /VRI.
type relation struct {
	key  pdf.Name
	list pdf.Array
}

func (s *storage) relations(m *certs.Material) []relation {
	out := []relation{{key: "Cert"}, {key: "OCSP"}, {key: "CRL"}}
	for _, c := range m.Certificates {
		out[0].list = append(out[0].list, s.put("Certs", c.Raw))
	}
	for _, b := range m.OCSP {
		out[1].list = append(out[1].list, s.put("OCSPs", b.DER))
	}
	for _, b := range m.CRLs {
		out[2].list = append(out[2].list, s.put("CRLs", b.DER))
	}
	return out
}

func union(have, more pdf.Array) pdf.Array {
	seen := make(map[pdf.Object]bool)
	for _, o := range have {
		if ref, ok := o.(pdf.Ref); ok {
			seen[ref] = true
		}
	}
	all := have[:len(have):len(have)]
	for _, o := range more {
		if ref, ok := o.(pdf.Ref); ok && !seen[ref] {
			seen[ref] = true
			all = append(all, ref)
		}
	}
	return all
}

// vriName is the key of a signature's entry: the SHA-1 of its /Contents, padding
// included, in upper-case hexadecimal (ISO 32000-2, table 262).
func vriName(contents []byte) pdf.Name {
	sum := sha1.Sum(contents) //nolint:gosec // see the import
	return pdf.Name(strings.ToUpper(hex.EncodeToString(sum[:])))
}

// store appends a revision with the evidence that the file lacks, if it lacks any.
func (a *augmenter) store() error {
	s, err := openStorage(a.file, a.opts)
	if err != nil {
		return err
	}
	s.putAll(&a.collect.added)
	if a.opts.VRI {
		for _, list := range [][]*held{a.held.signatures, a.held.stamps} {
			for _, h := range list {
				if m := a.collect.of[h]; m != nil {
					if err := s.relate(h.contents, m); err != nil {
						return err
					}
				}
			}
		}
	}
	changed, err := s.write()
	if err != nil || !changed {
		return err
	}
	if err := a.mayAppend(); err != nil {
		return err
	}
	s.update.SetID(revisionID(s.file, a.opts.At, []byte("evidence")))
	appended, err := s.update.Build()
	if err != nil {
		return fmt.Errorf("augment: %w", err)
	}
	a.file.append(appended)
	a.appended++
	return nil
}
