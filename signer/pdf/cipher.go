package pdf

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" // #nosec G501 -- the format's key of each object up to revision 4
	"crypto/rand"
	"crypto/rc4" // #nosec G503 -- the format's cipher up to revision 4
	"fmt"
	"io"
)

// objectKey returns the key for what is in the object ref (algorithm 1).
func (s *security) objectKey(m method, ref Ref) []byte {
	if m == methodAES256 {
		return s.key
	}
	b := append(bytes.Clone(s.key), byte(ref.Number), byte(ref.Number>>8), byte(ref.Number>>16), byte(ref.Generation), byte(ref.Generation>>8))
	if m == methodAES128 {
		b = append(b, "sAlT"...)
	}
	sum := md5.Sum(b) // #nosec G401 -- as the format says
	return sum[:min(s.size+5, 16)]
}

// openObject decrypts the strings of o, which is the object ref. It changes o,
// which the parser has just made and bounded in depth.
func (s *security) openObject(o Object, ref Ref) Object {
	if ref == s.ref && !ref.IsZero() || s.strings == identity {
		return o
	}
	if stm, ok := o.(*Stream); ok && stm.Dict.Name("Type") == "XRef" {
		return o
	}
	return s.openStrings(o, s.objectKey(s.strings, ref))
}

func (s *security) openStrings(o Object, key []byte) Object {
	switch o := o.(type) {
	case String:
		o.Value = s.openString(o.Value, key)
		return o
	case Array:
		for i := range o {
			o[i] = s.openStrings(o[i], key)
		}
	case *Stream:
		s.openStrings(o.Dict, key)
	case *Dict:
		for i, e := range o.entries {
			if e.key != "Contents" || !isSignature(o) {
				o.entries[i].value = s.openStrings(e.value, key)
			}
		}
	}
	return o
}

// isSignature reports whether /Contents of d is a signature, which is never
// encrypted (ISO 32000-2, 7.6.2).
func isSignature(d *Dict) bool {
	if !d.Has("ByteRange") {
		return false
	}
	switch c := d.Get("Contents").(type) {
	case String:
		return c.Hex
	case ContentsHole:
		return true
	}
	return false
}

// openString decrypts a string. One that cannot be what the cipher gives is
// left as it is: some producers forget to encrypt some.
func (s *security) openString(b, key []byte) []byte {
	if s.strings == methodRC4 {
		return rc4With(key, b, 0)
	}
	if len(b) < aes.BlockSize || len(b)%aes.BlockSize != 0 {
		return b
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return b
	}
	out := make([]byte, len(b)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, b[:aes.BlockSize]).CryptBlocks(out, b[aes.BlockSize:])
	return unpad(out)
}

// unpad takes off what fills up the last block.
func unpad(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] > 0 && int(b[n-1]) <= min(n, aes.BlockSize) {
		return b[:n-int(b[n-1])]
	}
	return b
}

// seal encrypts b for the object ref.
func (s *security) seal(m method, b []byte, ref Ref) ([]byte, error) {
	switch m {
	case identity:
		return b, nil
	case methodRC4:
		return rc4With(s.objectKey(m, ref), b, 0), nil
	}
	block, err := aes.NewCipher(s.objectKey(m, ref))
	if err != nil {
		return nil, fmt.Errorf("pdf: encrypting object %d: %w", ref.Number, err)
	}
	pad := aes.BlockSize - len(b)%aes.BlockSize
	out := make([]byte, aes.BlockSize+len(b)+pad)
	iv, body := out[:aes.BlockSize], out[aes.BlockSize:]
	if _, err := rand.Read(iv); err != nil {
		return nil, fmt.Errorf("pdf: encrypting object %d: %w", ref.Number, err)
	}
	copy(body, b)
	for i := len(b); i < len(body); i++ {
		body[i] = byte(pad)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(body, body)
	return out, nil
}

// streamMethod returns how the data of a stream is encrypted, whose filters
// are names with params.
func (s *security) streamMethod(d *Dict, names []Name, params []*Dict) (method, error) {
	kind := d.Name("Type")
	if kind == "XRef" {
		return identity, nil
	}
	if len(names) > 0 && names[0] == "Crypt" {
		name := params[0].Name("Name")
		if name == "" {
			name = "Identity"
		}
		m, ok := s.filters[name]
		if !ok && name != "Identity" {
			return 0, unsupported("stream has crypt filter %q", name)
		}
		return m, nil
	}
	switch {
	case kind == "Metadata" && !s.metadata:
		return identity, nil
	case kind == "EmbeddedFile":
		return s.files, nil
	}
	return s.streams, nil
}

// open returns a reader of the data of r in the clear.
func (s *security) open(m method, r io.Reader, ref Ref) (io.Reader, error) {
	if m == identity {
		return r, nil
	}
	key := s.objectKey(m, ref)
	if m == methodRC4 {
		c, err := rc4.NewCipher(key) // #nosec G405 -- as the format says
		if err != nil {
			return nil, fmt.Errorf("pdf: decrypting object %d: %w", ref.Number, err)
		}
		return cipher.StreamReader{S: c, R: r}, nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("pdf: decrypting object %d: %w", ref.Number, err)
	}
	return &cbcReader{r: r, block: block}, nil
}

// A cbcReader decrypts AES in CBC mode, its initialisation vector first. Bytes
// after the last whole block are left out.
type cbcReader struct {
	r     io.Reader
	block cipher.Block
	mode  cipher.BlockMode
	buf   [4096 + aes.BlockSize]byte
	out   []byte // in the clear and not read yet
	held  int    // bytes of the next block, which may be the last, at the front of buf
	err   error
}

func (c *cbcReader) Read(b []byte) (int, error) {
	for len(c.out) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.fill()
	}
	n := copy(b, c.out)
	c.out = c.out[n:]
	return n, nil
}

// fill decrypts what is held back and all whole blocks that are read, but for
// the last one: it may be the one with the padding.
func (c *cbcReader) fill() {
	if c.mode == nil {
		var iv [aes.BlockSize]byte
		if _, c.err = io.ReadFull(c.r, iv[:]); c.err != nil {
			c.err = io.EOF
			return
		}
		c.mode = cipher.NewCBCDecrypter(c.block, iv[:])
	}
	n, err := io.ReadFull(c.r, c.buf[c.held:])
	n += c.held
	if err == nil {
		whole := n - aes.BlockSize
		c.out = c.decrypt(whole)
		c.held = copy(c.buf[:], c.buf[whole:n])
		return
	}
	if c.err = err; err == io.ErrUnexpectedEOF {
		c.err = io.EOF
	}
	c.out = unpad(c.decrypt(n / aes.BlockSize * aes.BlockSize))
}

func (c *cbcReader) decrypt(n int) []byte {
	out := make([]byte, n)
	c.mode.CryptBlocks(out, c.buf[:n])
	return out
}
