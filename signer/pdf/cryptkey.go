package pdf

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" // #nosec G501 -- the format's key derivation up to revision 4; it protects nothing of ours
	"crypto/rc4" // #nosec G503 -- the format's cipher up to revision 4; files that have it are read, none is made
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
)

// passwordPadding fills up short passwords (ISO 32000-2, 7.6.4.3.2).
var passwordPadding = []byte{
	0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08,
	0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
}

func padPassword(p []byte) []byte {
	return append(bytes.Clone(p[:min(len(p), 32)]), passwordPadding...)[:32]
}

// authenticate tries password as the owner's and then as the user's, and keeps
// the file's key if it is one of them.
func (s *security) authenticate(password []byte) (owner, ok bool) {
	if s.revision >= 5 {
		return s.authenticateAES256(password[:min(len(password), 127)])
	}
	if s.authenticateUser(s.userPassword(password)) {
		return true, true
	}
	return false, s.authenticateUser(padPassword(password))
}

// fileKey returns the key for a padded user password (algorithm 2).
func (s *security) fileKey(padded []byte) []byte {
	h := md5.New() // #nosec G401 -- as the format says
	h.Write(padded)
	h.Write(s.o)
	h.Write(binary.LittleEndian.AppendUint32(nil, uint32(s.p)))
	h.Write(s.id)
	if s.revision >= 4 && !s.metadata {
		h.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}
	return s.stretch(h.Sum(nil))
}

// stretch hashes a digest 50 times more, from revision 3 on, and cuts it to the
// size of the key.
func (s *security) stretch(digest []byte) []byte {
	if s.revision >= 3 {
		for range 50 {
			sum := md5.Sum(digest[:s.size]) // #nosec G401 -- as the format says
			digest = sum[:]
		}
	}
	return digest[:s.size]
}

// authenticateUser compares what a padded user password gives with /U
// (algorithms 4 to 6).
func (s *security) authenticateUser(padded []byte) bool {
	key := s.fileKey(padded)
	want := s.u
	var got []byte
	if s.revision == 2 {
		got = rc4With(key, passwordPadding, 0)
	} else {
		sum := md5.Sum(append(bytes.Clone(passwordPadding), s.id...)) // #nosec G401 -- as the format says
		got = sum[:]
		for i := range byte(20) {
			got = rc4With(key, got, i)
		}
		want = s.u[:16]
	}
	if !bytes.Equal(got, want) {
		return false
	}
	s.key = key
	return true
}

// userPassword returns the padded user password that /O hides under the
// owner's (algorithm 7).
func (s *security) userPassword(owner []byte) []byte {
	sum := md5.Sum(padPassword(owner)) // #nosec G401 -- as the format says
	key := s.stretch(sum[:])
	if s.revision == 2 {
		return rc4With(key, s.o, 0)
	}
	out := s.o
	for i := range byte(20) {
		out = rc4With(key, out, 19-i)
	}
	return out
}

// rc4With applies RC4 to data with each byte of the key changed by x.
func rc4With(key, data []byte, x byte) []byte {
	k := make([]byte, len(key))
	for i := range k {
		k[i] = key[i] ^ x
	}
	out := make([]byte, len(data))
	c, err := rc4.NewCipher(k) // #nosec G405 -- as the format says
	if err != nil {            // a key of 5 to 16 bytes cannot fail
		return nil
	}
	c.XORKeyStream(out, data)
	return out
}

// authenticateAES256 does so for revisions 5 and 6 (algorithms 2.A, 11, 12).
func (s *security) authenticateAES256(password []byte) (owner, ok bool) {
	for _, x := range []struct {
		check, sealed, extra []byte
		owner                bool
	}{{s.o, s.oe, s.u, true}, {s.u, s.ue, nil, false}} {
		if !bytes.Equal(s.hash(password, x.check[32:40], x.extra), x.check[:32]) {
			continue
		}
		block, err := aes.NewCipher(s.hash(password, x.check[40:48], x.extra))
		if err != nil {
			return false, false
		}
		s.key = make([]byte, 32)
		cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(s.key, x.sealed)
		return x.owner, true
	}
	return false, false
}

// hash is SHA-256 in revision 5 and algorithm 2.B in revision 6.
func (s *security) hash(password, salt, extra []byte) []byte {
	sum := sha256.Sum256(bytes.Join([][]byte{password, salt, extra}, nil))
	k := sum[:]
	if s.revision < 6 {
		return k
	}
	for i, last := 0, 0; i < 64 || last > i-32; i++ {
		e := bytes.Repeat(bytes.Join([][]byte{password, k, extra}, nil), 64)
		block, err := aes.NewCipher(k[:16])
		if err != nil { // 16 bytes cannot fail
			return nil
		}
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(e, e)
		mod := 0
		for _, b := range e[:16] {
			mod += int(b)
		}
		switch mod % 3 { // 256 leaves 1 when divided by 3: the sum of the bytes will do
		case 0:
			sum := sha256.Sum256(e)
			k = sum[:]
		case 1:
			sum := sha512.Sum384(e)
			k = sum[:]
		default:
			sum := sha512.Sum512(e)
			k = sum[:]
		}
		last = int(e[len(e)-1])
	}
	return k[:32]
}

// allowed returns /P. Of revision 6 /Perms says it once more, under the file's
// key: what one of the two forbids is forbidden.
func (s *security) allowed() int32 {
	if s.revision < 6 || len(s.perms) < aes.BlockSize {
		return s.p
	}
	block, err := aes.NewCipher(s.key)
	if err != nil {
		return s.p
	}
	var clear [aes.BlockSize]byte
	block.Decrypt(clear[:], s.perms)
	if string(clear[9:12]) != "adb" {
		return s.p
	}
	return s.p & int32(binary.LittleEndian.Uint32(clear[:]))
}
