package evidence

import (
	"archive/zip"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/signer/cms"
)

// Options say what goes into a container, and who signs it.
type Options struct {
	Open             func(digest envelope.Digest) (exchange.Blob, error)
	Signer           envelope.Signer
	Stamp            func(digest envelope.Digest) ([]byte, error) // RFC 3161; nil, or an empty token: no time-stamp
	WithoutDocuments bool                                         // only their digests
	WithoutContent   bool                                         // not even registration data, names and reports; implies the other
	Now              time.Time
}

// Write writes the container of a dossier.
func Write(w io.Writer, d *exchange.Dossier, o Options) error {
	o.WithoutContent = o.WithoutContent || d.Letter.Cleared != 0 // it was erased
	out := &writer{zip: zip.NewWriter(w), now: o.Now}
	if err := out.mimetype(); err != nil {
		return err
	}
	if err := out.data(d, o); err != nil {
		return err
	}
	if err := out.sign(o); err != nil {
		return err
	}
	if err := out.zip.Close(); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	return nil
}

type writer struct {
	zip  *zip.Writer
	now  time.Time
	list []reference
}

// mimetype is the first member, stored, with nothing before its bytes that depends on
// the rest, so that its place tells what the file is (EN 319 162-1, A.1).
func (w *writer) mimetype() error {
	f, err := w.zip.CreateRaw(&zip.FileHeader{Name: mimetypeName, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(mimetype)),
		CompressedSize64: uint64(len(mimetype)), UncompressedSize64: uint64(len(mimetype))})
	if err == nil {
		_, err = io.WriteString(f, mimetype)
	}
	return wrap(err)
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("evidence: write: %w", err)
	}
	return nil
}

func (w *writer) create(name string) (io.Writer, error) {
	method := zip.Deflate
	if name == readmeName {
		method = zip.Store // for whoever looks at the file with bare hands
	}
	f, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: w.now.UTC()})
	return f, wrap(err)
}

// member adds a data member.
func (w *writer) member(name, media string, data []byte) error {
	f, err := w.create(name)
	if err != nil {
		return err
	}
	w.list = append(w.list, reference{name, media, sha256.Sum256(data)})
	_, err = f.Write(data)
	return wrap(err)
}

func (w *writer) data(d *exchange.Dossier, o Options) error {
	if err := w.member(readmeName, "text/plain", []byte(readme)); err != nil {
		return err
	}
	if err := w.member(routeName, mediaBinary, d.Letter.Sealed.Marshal()); err != nil {
		return err
	}
	if !o.WithoutContent {
		if err := w.member(contentName, mediaBinary, d.Letter.Content); err != nil {
			return err
		}
	}
	if !o.WithoutContent && !o.WithoutDocuments {
		for i, f := range d.Content.Files {
			if err := w.document(i, f, o); err != nil {
				return err
			}
		}
	}
	for i, x := range d.Witnesses {
		if err := w.witness(i, x); err != nil {
			return err
		}
	}
	for i, h := range d.Heads {
		if err := w.head(i, h); err != nil {
			return err
		}
	}
	if !o.WithoutContent { // reports name who has signed
		if err := w.reports(d); err != nil {
			return err
		}
	}
	return w.directory(d)
}

// document adds a file of the letter. Its digest is known, and its bytes are compared
// with it as they go by.
func (w *writer) document(i int, f envelope.ContentFile, o Options) error {
	blob, err := o.Open(f.SHA256)
	if err != nil {
		return fmt.Errorf("evidence: file %q: %w", f.Name, err)
	}
	defer blob.Close()
	name := documentName(i, f.Name)
	out, err := w.create(name)
	if err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, h), io.NewSectionReader(blob, 0, blob.Size())); err != nil {
		return wrap(err)
	}
	if got := envelope.Digest(h.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("evidence: file %q: its bytes hash to %s, the letter names %s", f.Name, got, f.SHA256)
	}
	w.list = append(w.list, reference{name, f.MediaType, f.SHA256})
	return nil
}

// documentName is a name that every system can unpack; the sender's is in the content.
func documentName(i int, name string) string {
	ext := strings.ToLower(path.Ext(name))
	if len(ext) > 6 || strings.Trim(ext, ".abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		ext = ""
	}
	return fmt.Sprintf("%s%03d%s", documents, i+1, ext)
}

func (w *writer) witness(i int, x exchange.Witness) error {
	if err := w.member(fmt.Sprintf("%s%03d.bin", statements, i+1), mediaBinary, x.Receipt.Marshal()); err != nil || x.Seen == nil {
		return err
	}
	return w.member(fmt.Sprintf("%s%03d.bin", seenProofs, i+1), mediaBinary, x.Seen.Marshal())
}

func (w *writer) head(i int, h exchange.SignedHead) error {
	name := fmt.Sprintf("%s%03d", heads, i+1)
	if err := w.member(name+".bin", mediaBinary, h.Checkpoint.Marshal()); err != nil {
		return err
	}
	if len(h.Cosignature.Payload) > 0 {
		if err := w.member(name+".cosignature.bin", mediaBinary, h.Cosignature.Marshal()); err != nil {
			return err
		}
	}
	if len(h.Stamp) == 0 {
		return nil
	}
	return w.member(name+".tst", mediaStamp, h.Stamp)
}

func (w *writer) reports(d *exchange.Dossier) error {
	digests := make([]envelope.Digest, 0, len(d.Reports))
	for digest := range d.Reports {
		digests = append(digests, digest)
	}
	slices.SortFunc(digests, func(a, b envelope.Digest) int { return strings.Compare(a.String(), b.String()) })
	for _, digest := range digests {
		if err := w.member(reports+digest.String()+".json", "application/json", d.Reports[digest]); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) directory(d *exchange.Dossier) error {
	for i, sealed := range d.Directory {
		if err := w.member(fmt.Sprintf("%s%03d.bin", directory, i+1), mediaBinary, sealed.Marshal()); err != nil {
			return err
		}
	}
	return nil
}

// sign adds the manifest, the node's CAdES signature over it (EN 319 122-1), and a
// time-stamp over both where there is an authority.
func (w *writer) sign(o Options) error {
	xml := manifest(signatureName, mediaSignature, w.list)
	sum := sha256.Sum256(xml)
	draft, err := cms.NewDraft(o.Signer.Certificate, nil, sum[:], cms.SignOptions{SigningTime: o.Now})
	if err != nil {
		return err
	}
	value, err := draft.Sign(rand.Reader, o.Signer.Key)
	if err != nil {
		return err
	}
	signature, err := draft.Encode(value)
	if err != nil {
		return err
	}
	if err := w.plain(manifestName, xml); err != nil {
		return err
	}
	if err := w.plain(signatureName, signature); err != nil || o.Stamp == nil {
		return err
	}
	stamped := manifest(stampName, mediaStamp, []reference{{manifestName, mediaXML, sum}, {signatureName, mediaSignature, sha256.Sum256(signature)}})
	token, err := o.Stamp(envelope.Sum(stamped))
	if err != nil || len(token) == 0 {
		return err
	}
	if err := w.plain(stampManifestName, stamped); err != nil {
		return err
	}
	return w.plain(stampName, token)
}

// plain adds a member that no manifest of data names.
func (w *writer) plain(name string, data []byte) error {
	f, err := w.create(name)
	if err == nil {
		_, err = f.Write(data)
	}
	return wrap(err)
}

const readme = `BẰNG CHỨNG GỬI, NHẬN VĂN BẢN ĐIỆN TỬ (ASiC-E, ETSI EN 319 162-1)

Tệp này chứng minh ai đã gửi văn bản nào, những nút nào đã nhận chuyển, và khi nào văn bản
đến nơi nhận. Kiểm tra mà không cần mạng hay nút nào:

    lienthong evidence verify TEP.asice --trust THU-MUC-CHUNG-THU.pem

THU-MUC-CHUNG-THU.pem là chứng thư của cơ quan ký thư mục các nút.

EVIDENCE OF SENDING AND RECEIVING AN ELECTRONIC DOCUMENT. Check it offline with the command
above; the certificate is that of the authority which signs the directory of nodes.

  envelope/    what the sender's node signed; content.bin may be left out
  documents/   the files of the letter; may be left out, their digests are signed
  statements/  signed statements, each with its place in its issuer's journal
  seen/        where the exporting node's journal names them
  heads/       heads of that journal, with its parent's cosignature and time-stamps
  reports/     what validation found in the files
  directory/   signed files of the directory, which say whose keys these are
`
