package pdf

import (
	"bytes"
	"fmt"
	"slices"
)

// ErrPassword is what [File.Unlock] returns for a password that is neither the
// user's nor the owner's. It is an [ErrEncrypted].
var ErrPassword = fmt.Errorf("%w: the password does not open it", ErrEncrypted)

// Permissions are what the author of an encrypted file allows to who opens it
// with the user password (ISO 32000-2, 7.6.4.2, table 22).
type Permissions struct {
	P        int32 // /P: bit n of the standard is 1<<(n-1)
	Revision int   // of the security handler, 2 to 6; 0 for a file that is not encrypted
	Owner    bool  // all is allowed: opened with the owner password, or not encrypted
}

// FillFields reports whether fields that are there may be filled in, signature
// fields among them: bit 6 or, from revision 3 on, bit 9.
func (p Permissions) FillFields() bool {
	return p.Owner || p.P&(1<<5) != 0 || p.Revision >= 3 && p.P&(1<<8) != 0
}

// AddFields reports whether fields may be added: bits 4 and 6 both.
func (p Permissions) AddFields() bool { return p.Owner || p.P&(1<<3) != 0 && p.P&(1<<5) != 0 }

// A method is how a crypt filter encrypts.
type method uint8

const (
	identity method = iota // not at all
	methodRC4
	methodAES128
	methodAES256
)

// security is the standard security handler of an encrypted file
// (ISO 32000-2, 7.6.4), with the file's key once it is known.
type security struct {
	ref      Ref // of the encryption dictionary, which is not encrypted itself; zero where it is direct
	revision int
	p        int32
	o, u     []byte
	oe, ue   []byte
	perms    []byte
	id       []byte // the first element of /ID
	hasID    bool
	size     int  // of the key, in bytes
	metadata bool // metadata streams are encrypted too

	streams, strings, files method
	filters                 map[Name]method
	key                     []byte
}

// Unlock opens an encrypted file with the user or the owner password: from
// then on its views give strings and stream data in the clear, and [NewUpdate]
// appends to it what is encrypted in the file's own way. A password with other
// letters than ASCII is in PDFDocEncoding up to revision 4 of the handler,
// prepared UTF-8 from revision 5 on. Of a file that is not encrypted it does
// nothing.
//
// Errors are [ErrPassword], and [ErrEncrypted] for a file that is not
// encrypted by the standard security handler, or by different ones in
// different revisions.
func (f *File) Unlock(password []byte) (Permissions, error) {
	if !f.encrypted {
		return Permissions{P: -1, Owner: true}, nil
	}
	s, err := f.readSecurity()
	if err != nil {
		return Permissions{}, err
	}
	owner, ok := s.authenticate(password)
	if !ok {
		return Permissions{}, ErrPassword
	}
	f.security = s
	for i := range f.revs {
		f.revs[i].scan = nil // made without the lengths that are in object streams
	}
	return Permissions{P: s.allowed(), Revision: s.revision, Owner: owner}, nil
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrEncrypted, fmt.Sprintf(format, args...))
}

// readSecurity reads the encryption dictionary of the newest trailer.
func (f *File) readSecurity() (*security, error) {
	was := f.security
	f.security = nil // strings are wanted as they are in the file
	defer func() { f.security = was }()
	if err := f.oneEncryption(); err != nil {
		return nil, err
	}
	v := f.Latest()
	entry := v.Trailer().Get("Encrypt")
	d, err := v.Dict(entry)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, unsupported("/Encrypt of the trailer is no dictionary")
	}
	r := securityReader{v: v, d: d, s: &security{metadata: true}}
	r.s.ref, _ = entry.(Ref)
	if id, err := v.Array(v.Trailer().Get("ID")); err == nil && len(id) > 0 {
		r.s.id, r.s.hasID = r.bytes(id[0]), true
	}
	return r.s, r.read()
}

// oneEncryption refuses a file whose revisions are encrypted in different ways:
// bytes of an old one would then read as something else.
func (f *File) oneEncryption() error {
	last := f.Latest()
	entry := last.Trailer().Get("Encrypt")
	if entry == (Null{}) {
		return unsupported("the newest trailer has no /Encrypt, but an older one has")
	}
	id := last.firstID()
	for i := range f.revs {
		v := f.View(i + 1)
		if !bytes.Equal(Canonical(v.Trailer().Get("Encrypt")), Canonical(entry)) {
			return unsupported("/Encrypt of revision %d is not that of the newest", i+1)
		}
		if ref, ok := entry.(Ref); ok && !v.SameBody(last, ref) {
			return unsupported("object %d, the encryption dictionary, is not the same in revision %d and the newest", ref.Number, i+1)
		}
		if !bytes.Equal(v.firstID(), id) {
			return unsupported("the first element of /ID changes after revision %d", i+1)
		}
	}
	return nil
}

func (v *View) firstID() []byte {
	id, err := v.Array(v.Trailer().Get("ID"))
	if err != nil || len(id) == 0 {
		return nil
	}
	return Canonical(id[0])
}

// A securityReader reads an encryption dictionary (ISO 32000-2, tables 20, 21).
type securityReader struct {
	v *View
	d *Dict
	s *security
}

func (r *securityReader) bytes(o Object) []byte {
	o, _ = r.v.Resolve(o)
	s, _ := o.(String)
	return s.Value
}

func (r *securityReader) int(key Name, def int64) int64 {
	o, _ := r.v.Resolve(r.d.Get(key))
	if n, ok := o.(Integer); ok {
		return int64(n)
	}
	return def
}

func (r *securityReader) name(d *Dict, key, def Name) Name {
	o, _ := r.v.Resolve(d.Get(key))
	if n, ok := o.(Name); ok {
		return n
	}
	return def
}

func (r *securityReader) read() error {
	if filter := r.name(r.d, "Filter", ""); filter != "Standard" {
		return unsupported("security handler %q is not read here, only \"Standard\"", filter)
	}
	s, version := r.s, r.int("V", 0)
	s.revision = int(min(max(r.int("R", 0), 0), 100))
	s.p = int32(uint32(r.int("P", 0)))
	s.o, s.u = r.bytes(r.d.Get("O")), r.bytes(r.d.Get("U"))
	s.oe, s.ue, s.perms = r.bytes(r.d.Get("OE")), r.bytes(r.d.Get("UE")), r.bytes(r.d.Get("Perms"))
	if o, _ := r.v.Resolve(r.d.Get("EncryptMetadata")); o == Bool(false) {
		s.metadata = false
	}
	known := map[int64][]int{1: {2, 3}, 2: {2, 3}, 4: {4}, 5: {5, 6}}
	if !slices.Contains(known[version], s.revision) {
		return unsupported("version %d with revision %d of the standard security handler is not read here", version, s.revision)
	}
	want := 32
	if version == 5 {
		want = 48
	}
	if len(s.o) < want || len(s.u) < want || version == 5 && (len(s.oe) < 32 || len(s.ue) < 32) {
		return unsupported("/O, /U, /OE or /UE of the encryption dictionary is too short")
	}
	s.o, s.u = s.o[:want], s.u[:want]
	switch version {
	case 1:
		s.size = 5
	case 2:
		if s.size = int(r.int("Length", 40)) / 8; s.revision == 2 {
			s.size = 5
		}
		if s.size < 5 || s.size > 16 {
			return unsupported("a key of %d bytes, want 5 to 16", s.size)
		}
	case 4:
		s.size = 16
	case 5:
		s.size, s.oe, s.ue = 32, s.oe[:32], s.ue[:32]
	}
	if version < 4 {
		s.streams, s.strings, s.files = methodRC4, methodRC4, methodRC4
		return nil
	}
	return r.cryptFilters(version)
}

// cryptFilters reads /CF, and which of its filters are for what.
func (r *securityReader) cryptFilters(version int64) error {
	s := r.s
	s.filters = map[Name]method{"Identity": identity}
	cf, err := r.v.Dict(r.d.Get("CF"))
	if err != nil {
		return err
	}
	for _, key := range cf.Keys() {
		d, err := r.v.Dict(cf.Get(key))
		if err != nil {
			return err
		}
		cfm := r.name(d, "CFM", "None")
		switch {
		case key == "Identity": // its name is its meaning
		case version == 4 && cfm == "V2":
			s.filters[key] = methodRC4
		case version == 4 && cfm == "AESV2":
			s.filters[key] = methodAES128
		case version == 5 && cfm == "AESV3":
			s.filters[key] = methodAES256
		}
	}
	stm := r.name(r.d, "StmF", "Identity")
	for _, x := range []struct {
		key, name Name
		method    *method
	}{
		{"StmF", stm, &s.streams},
		{"StrF", r.name(r.d, "StrF", "Identity"), &s.strings},
		{"EFF", r.name(r.d, "EFF", stm), &s.files},
	} {
		m, ok := s.filters[x.name]
		if !ok {
			return unsupported("crypt filter %q of /%s is not there, or of a kind that is not read here", x.name, x.key)
		}
		*x.method = m
	}
	return nil
}
