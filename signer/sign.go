package signer

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"lienthong/certs"
	"lienthong/certs/keys"
	"lienthong/signer/appearance"
	"lienthong/signer/cms"
	"lienthong/signer/pdf"
	"lienthong/signer/tsp"
)

// SignOptions say what signature [Sign] makes. At is required; everything else
// may be zero, which is an invisible signature of level B-B in a new field.
type SignOptions struct {
	Level Level       // LevelBB if empty; LevelBT and above need TSA, LevelBLT and above Trust
	Hash  crypto.Hash // if zero SHA-256, but SHA-384 with P-384, SHA-512 with P-521 and Ed25519
	Field string      // full name of an empty signature field, or else of a new one; chosen if empty
	// Place is of a visible signature; nil is the rectangle of the existing field, and
	// for the profiles annex and copy the upper right corner of the first page.
	Place   *Placement
	Profile appearance.Profile
	// Lines is visible text. If empty: signer, agency and time; none beside the image
	// of the profiles personal and agency.
	Lines    []string
	Image    []byte  // PNG, for a visible signature
	Corner   Corner  // what the profiles annex and copy say
	SealSize float64 // of the image of profile agency where its place is searched for, mm across; 36 if zero
	Name     string  // /Name, left out if empty, as are the next three
	Location string
	Reason   string
	Contact  string
	// Number and Date, of an agency's signature, are filled into the fields that
	// [PrepareDraft] put into the draft, in the revision of the signature, which locks
	// them. Number may leave out what the draft prints, such as "/BC-UBND".
	Number string
	Date   time.Time   // its day in Vietnam
	At     time.Time   // the claimed time of signing, shown in Vietnam's zone
	TSA    tsp.Stamper // asked when the signature value is known; several: [TSAs]
	// Trust and Evidence, above LevelBT, judge what is embedded. Where they are given
	// at LevelBT, a time-stamp must be by an authority that they vouch for.
	Trust    *certs.Trust
	Evidence *certs.Evidence
	// Certify says what may change after this signature, which must be the first: 1
	// nothing, 2 forms and signatures, 3 annotations too; 0: it certifies nothing.
	// Above LevelBT 1 is refused without Force, as with [AugmentOptions.Force], and so is
	// what [ErrConformity] stands for.
	Certify int
	Force   bool
	PSS     bool // sign with RSASSA-PSS where the key is RSA
	Format  Format
	// EmbedRevocation puts the status of the signer's certificates, by Trust and Evidence,
	// into a signature of [FormatPKCS7], where no later change of the file is needed for it.
	EmbedRevocation bool
	// Commitment and Policy say what the signature means and by which rules; neither goes
	// together with Reason.
	Commitment Commitment
	Policy     *SignaturePolicy
	// Repair lets a file with damaged cross-reference sections be signed: the revision
	// appended has a complete one. See [pdf.OpenRepaired] for what is refused even then.
	Repair bool
	Limits pdf.Limits // of reading the input; zero fields mean the default
}

// A Placement is a rectangle on a page as a reader sees it, turned and cropped:
// left, bottom, right and top, in points of 1/72 inch from the lower left corner.
//
// With Anchor or Auto the rectangle is searched for instead, and both Page and Rect
// are zero. Anchor is the position above the blank space where is signed, or the
// name below it; the last page that has it counts. Auto is the signing block of the
// last page. What does not say clearly where to sign is [ErrNoPlace].
type Placement struct {
	Page   int // from 1; -1 is the last
	Rect   [4]float64
	Anchor string
	Auto   bool
}

// Signed says what [Sign] wrote.
type Signed struct {
	Digest      [32]byte // SHA-256 of the whole output
	Size        int64    // of the whole output, bytes
	Field       string   // full name of the signature field
	Revision    int      // number of the signature's revision, from 1
	Revisions   int      // how many were appended: above LevelBT more than one
	Level       Level
	CMS         []byte      // DER of the SignedData in /Contents
	Certificate [32]byte    // SHA-256 of the signer's certificate
	TimeStamp   *tsp.Token  // nil below LevelBT
	Archive     *tsp.Token  // the document time-stamp, nil below LevelBLTA
	Until       time.Time   // when its path ends, as [Augmented.Until]
	Place       *Placement  // where a new field shows; nil if it does not, or was there before
	Repair      *pdf.Repair // what was done to read a damaged file; nil for a sound one
	// Number and Date are what was filled in, whole, as they read on the page.
	Number, Date string
	Warnings     []string

	// By a [Service] alone: what was asked before the key was used, the signer's
	// certificate first, and whether no person opened the key.
	Before     []Asked
	Unattended bool
}

// Sign writes to out the bytes of in, untouched, and one appended revision with
// a PAdES signature (EN 319 142-1) by key. Earlier signatures stay valid. At
// LevelBLT a revision with the evidence follows, and at LevelBLTA one with a
// document time-stamp: see [Augment].
//
// Nothing is written to out before the signature is complete, its time-stamp
// included: an error leaves out empty, unless it is out's own. The price is that
// in is read twice, once to hash and once to copy. It must not change meanwhile.
// Memory does not grow with in's size, only with its number of objects.
//
// Errors say what to do where the caller can do something; see [ErrEncrypted],
// [ErrNotAllowed], [ErrAmbiguous], [ErrCertified], [ErrCertificate] and those of [pdf.Open] and [tsp.Client].
func Sign(ctx context.Context, in pdf.Source, key keys.Key, opts SignOptions, out io.Writer) (*Signed, error) {
	opts, err := opts.check(key)
	if err != nil {
		return nil, err
	}
	plan, err := newPlan(in, key, opts)
	if err != nil {
		return nil, err
	}
	if plan.further, err = opts.furtherAttributes(ctx, key); err != nil {
		return nil, err
	}
	further, err := opts.further(ctx, in, plan.file)
	if err != nil {
		return nil, err
	}
	if further != nil {
		plan.believe = further.collect.believe
	}
	base, err := hashInput(ctx, in, opts.Hash)
	if err != nil {
		return nil, err
	}
	sealed, err := plan.seal(ctx, key, base)
	if err != nil {
		return nil, err
	}
	grown := &growth{base: in, hash: base, tail: slices.Clip(sealed.appended.Data)}
	base.file.Write(grown.tail)
	if err := further.extend(grown, plan, sealed); err != nil {
		return nil, err
	}
	if err := copyInput(ctx, in, out); err != nil {
		return nil, err
	}
	if _, err := out.Write(grown.tail); err != nil {
		return nil, fmt.Errorf("sign: write the output: %w", err)
	}
	signed := &Signed{
		Size:        grown.Size(),
		Field:       plan.field.name,
		Revision:    len(plan.file.Revisions()) + 1,
		Revisions:   1,
		Level:       opts.Level,
		CMS:         sealed.cms,
		Certificate: sha256.Sum256(key.Certificate().Raw),
		TimeStamp:   sealed.token,
		Place:       plan.shown,
		Repair:      plan.repair,
		Number:      plan.registered.number,
		Date:        plan.registered.date,
		Warnings:    slices.Concat(opts.warnings(key), plan.warnings, plan.repaired(), plan.registered.warnings, plan.tagWarnings()),
	}
	further.report(signed)
	base.file.Sum(signed.Digest[:0])
	return signed, nil
}

// A sealed revision has its signature in /Contents.
type sealed struct {
	appended *pdf.Appended
	cms      []byte
	token    *tsp.Token
}

// tokenRoom is what is reserved for a time-stamp token at first: those of
// authorities in use, two or three certificates included, take 2 to 7 KiB.
const tokenRoom = 8 << 10

// seal builds the revision, signs it and fills the hole. A token larger than
// the room made for it means to sign again with a larger hole, since the byte
// range, which is signed, tells the size of the hole.
func (p *plan) seal(ctx context.Context, key keys.Key, base *inputHash) (*sealed, error) {
	room := 0
	if p.opts.Level != LevelBB {
		room = tokenRoom
	}
	cert, chain := key.Certificate(), key.Chain()
	for range 3 {
		hole := cms.EstimateSize(cert, chain, p.cmsOptions(), room)
		appended, err := p.build(hole)
		if err != nil {
			return nil, err
		}
		draft, err := cms.NewDraft(cert, chain, base.of(appended), p.cmsOptions())
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		signature, err := draft.Sign(rand.Reader, key)
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		token, err := p.stamp(ctx, signature)
		if err != nil {
			return nil, err
		}
		if token != nil && len(token.Raw) > room {
			room = len(token.Raw) + 512 // the next one may differ a little
			continue
		}
		return finish(appended, draft, signature, token)
	}
	return nil, fmt.Errorf("sign: the time-stamp tokens keep growing, the last was larger than %d bytes", room-512)
}

func finish(appended *pdf.Appended, draft *cms.Draft, signature []byte, token *tsp.Token) (*sealed, error) {
	var tokens [][]byte
	if token != nil {
		tokens = append(tokens, token.Raw)
	}
	der, err := draft.Encode(signature, tokens...)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if err := appended.Fill(der); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return &sealed{appended, der, token}, nil
}

// stamp asks for the time-stamp on a signature value, nil below LevelBT. What
// comes back is checked again: a Stamper need not be a [tsp.Client].
func (p *plan) stamp(ctx context.Context, signature []byte) (*tsp.Token, error) {
	if p.opts.Level == LevelBB {
		return nil, nil
	}
	h := p.opts.Hash.New()
	h.Write(signature)
	digest := h.Sum(nil)
	token, err := stampBy(ctx, p.opts.TSA, p.opts.Hash, digest, p.believe)
	if err != nil {
		return nil, fmt.Errorf("sign: no time-stamp, so no signature of level %s: %w", p.opts.Level, err)
	}
	return token, nil
}

// inputHash is the input, hashed once for two purposes: what the signature
// covers and what the output is begin with the same bytes.
type inputHash struct {
	covered hash.Hash // with the signature's hash
	file    hash.Hash // SHA-256
	size    int64
}

func hashInput(ctx context.Context, in pdf.Source, h crypto.Hash) (*inputHash, error) {
	base := &inputHash{file: sha256.New(), size: in.Size()}
	var w io.Writer = base.file
	if h != crypto.SHA256 {
		base.covered = h.New()
		w = io.MultiWriter(base.file, base.covered)
	}
	if err := copyInput(ctx, in, w); err != nil {
		return nil, err
	}
	if h == crypto.SHA256 {
		base.covered = cloneHash(base.file)
	}
	return base, nil
}

// cloneHash copies the state of a hash; those of crypto/sha256 and crypto/sha512
// are all Cloners.
func cloneHash(h hash.Hash) hash.Hash {
	c, err := h.(hash.Cloner).Clone()
	if err != nil {
		panic(err) // documented not to happen for these two
	}
	return c
}

// of returns the digest of all that the byte range covers: the input, and the
// appended bytes but for the hole.
func (b *inputHash) of(a *pdf.Appended) []byte {
	h := cloneHash(b.covered)
	h.Write(a.Data[:a.Contents.Start-a.Base])
	h.Write(a.Data[a.Contents.End-a.Base:])
	return h.Sum(nil)
}
