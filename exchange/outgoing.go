package exchange

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"lienthong/envelope"
)

// recipients resolves all of them, the members of the sender's groups among them, or lists
// each that cannot be reached.
func (s *Service) recipients(ctx context.Context, from string, asked []OutgoingRecipient) ([]envelope.Recipient, []Field, error) {
	all, bad, err := s.ungrouped(ctx, from, asked)
	if err != nil {
		return nil, nil, err
	}
	if n := len(all) + len(bad); n == 0 || n > envelope.MaxRecipients {
		return nil, []Field{{"recipients", "REQUIRED", fmt.Sprintf("has %d, want 1 to %d", n, envelope.MaxRecipients)}}, nil
	}
	var out []envelope.Recipient
	seen, near := make(map[string]int, len(all)), maxNear
	for _, r := range all {
		path, text := fmt.Sprintf("recipients[%d].agency", r.at), ""
		if r.group != "" {
			text = fmt.Sprintf("group %q: ", r.group)
		}
		res := s.resolve(r.Agency, &near)
		if res.Result != ResolvedOK {
			bad = append(bad, Field{path, res.reason(), text + res.text()})
			continue
		}
		if first, twice := seen[res.Agency.ID]; twice {
			bad = append(bad, Field{path, "DUPLICATE", fmt.Sprintf("%q is the same agency as recipients[%d]", r.Agency, first)})
			continue
		}
		seen[res.Agency.ID] = r.at
		role := r.Role
		if role == 0 {
			role = envelope.RecipientTo
		}
		out = append(out, envelope.Recipient{Agency: Ref(res.Agency, s.cfg.Now()), Role: role})
	}
	return out, bad, nil
}

// outgoing finds the files of a request in the agency's possession, or stores those
// that came along.
func (s *Service) outgoing(ctx context.Context, from envelope.Agency, asked []OutgoingFile) ([]envelope.ContentFile, []BlobRow, []Field, error) {
	if len(asked) == 0 || len(asked) > envelope.MaxFiles {
		return nil, nil, []Field{wrongFiles(len(asked))}, nil
	}
	var out []envelope.ContentFile
	var wrote []BlobRow
	var bad []Field
	var total, inline uint64
	mains := 0
	for i, f := range asked {
		file, row, problem, err := s.outgoingFile(ctx, from, fmt.Sprintf("files[%d]", i), f)
		if err != nil {
			return nil, nil, nil, err
		}
		if problem != nil {
			bad = append(bad, *problem)
			continue
		}
		if row != nil {
			wrote = append(wrote, *row)
			inline += file.Size
		}
		if file.Role == envelope.FileMain {
			mains++
		}
		total += file.Size
		out = append(out, *file)
	}
	if mains != 1 && len(bad) == 0 {
		bad = append(bad, mainFiles(mains))
	}
	if total > uint64(s.cfg.MaxLetter) || inline > maxInlineSend {
		bad = append(bad, Field{"files", ReasonTooLarge, fmt.Sprintf("hold %d bytes, of which %d inside the request: at most %d and %d; upload larger files first",
			total, inline, s.cfg.MaxLetter, maxInlineSend)})
	}
	return out, wrote, bad, nil
}

func mainFiles(n int) Field {
	return Field{"files", "MAIN_FILE", fmt.Sprintf("has %d main files, want exactly one", n)}
}

func wrongFiles(n int) Field {
	return Field{"files", "REQUIRED", fmt.Sprintf("has %d, want 1 to %d", n, envelope.MaxFiles)}
}

func (s *Service) outgoingFile(ctx context.Context, from envelope.Agency, path string, f OutgoingFile) (*envelope.ContentFile, *BlobRow, *Field, error) {
	var row *BlobRow
	have := File{Name: f.Name, MediaType: f.MediaType}
	switch {
	case len(f.Data) > 0 && !f.Digest.IsZero() && envelope.Sum(f.Data) != f.Digest:
		return nil, nil, &Field{path + ".sha256", ReasonDigestMismatch, fmt.Sprintf("is %s, but the data have %s", f.Digest, envelope.Sum(f.Data))}, nil
	case len(f.Data) > maxInlineSend:
		return nil, nil, &Field{path + ".data", ReasonTooLarge, fmt.Sprintf("has %d bytes, at most %d: upload it first", len(f.Data), maxInlineSend)}, nil
	case len(f.Data) > 0:
		kept, err := s.keep(ctx, f.Data)
		if err != nil {
			return nil, nil, nil, storeError(err)
		}
		row = &kept
		have.Digest, have.Size, have.LeafRoot = kept.Digest, kept.Size, kept.LeafRoot
	default:
		found, err := s.cfg.Store.File(ctx, from.ID, f.Digest)
		if errors.Is(err, ErrNotFound) {
			return nil, nil, &Field{path + ".sha256", "NOT_FOUND", fmt.Sprintf("%s is no file of this agency: upload it first", f.Digest)}, nil
		}
		if err != nil {
			return nil, nil, nil, err
		}
		have = found
	}
	out := &envelope.ContentFile{Role: f.Role, Name: first(f.Name, have.Name), MediaType: first(f.MediaType, have.MediaType), Size: have.Size, SHA256: have.Digest, LeafRoot: have.LeafRoot}
	problem, err := s.checkFile(ctx, path, out, f.Data)
	return out, row, problem, err
}

// checkFile checks what is said about a file, and that a main file is a PDF.
func (s *Service) checkFile(ctx context.Context, path string, f *envelope.ContentFile, data []byte) (*Field, error) {
	if problem := s.fileProblem(path, f); problem != nil || f.Role == envelope.FileAnnex {
		return problem, nil
	}
	head := data
	if len(head) == 0 {
		var err error
		if head, err = s.head(ctx, f.SHA256); err != nil {
			return nil, storeError(err)
		}
	}
	if head = head[:min(len(head), 1024)]; !bytes.Contains(head, []byte("%PDF-")) {
		return &Field{path, "NOT_A_PDF", fmt.Sprintf("%q is the main file and no PDF", f.Name)}, nil
	}
	return nil, nil
}

// fileProblem checks what is said about a file, and fills in what was left out.
func (s *Service) fileProblem(path string, f *envelope.ContentFile) *Field {
	if f.Role == 0 {
		f.Role = envelope.FileAnnex
	}
	if f.MediaType == "" {
		f.MediaType = "application/octet-stream"
	}
	switch {
	case f.Role != envelope.FileMain && f.Role != envelope.FileAnnex:
		return &Field{path + ".role", "UNKNOWN", fmt.Sprintf("is %d, want 1 (main) or 2 (annex)", f.Role)}
	case f.Name == "" || len([]rune(f.Name)) > maxNameLength || !plainText(f.Name):
		return &Field{path + ".name", "REQUIRED", fmt.Sprintf("is %.50q, want 1 to %d characters of text", f.Name, maxNameLength)}
	case len(f.MediaType) > maxMediaLength || !plainText(f.MediaType):
		return &Field{path + ".media_type", "TOO_LONG", fmt.Sprintf("is %.50q, want at most %d characters", f.MediaType, maxMediaLength)}
	case int64(f.Size) > s.cfg.MaxFile:
		return &Field{path, ReasonTooLarge, fmt.Sprintf("has %d bytes, at most %d", f.Size, s.cfg.MaxFile)}
	}
	return nil
}

// head reads the first kilobyte of a blob.
func (n *Node) head(ctx context.Context, digest envelope.Digest) ([]byte, error) {
	blob, err := n.cfg.Blobs.Open(ctx, digest)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	buf := make([]byte, min(blob.Size(), 1024))
	if _, err := blob.ReadAt(buf, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return buf, nil
}

// keep stores small bytes durably.
func (n *Node) keep(ctx context.Context, data []byte) (BlobRow, error) {
	began := n.now()
	digest, err := n.cfg.Blobs.Put(ctx, data)
	return BlobRow{Digest: digest, Size: uint64(len(data)), LeafRoot: envelope.LeafRootOf(data), Touched: began}, err
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// fingerprint is the digest of what the request asks for, without its id; nothing where it
// has none, since nobody compares it then.
func (req SendRequest) fingerprint() envelope.Digest {
	if req.RequestID == "" {
		return envelope.Digest{}
	}
	req.RequestID = ""
	req.Files = withoutData(req.Files)
	return fingerprint(req)
}

// withoutData names files by their digest alone.
func withoutData(files []OutgoingFile) []OutgoingFile {
	out := make([]OutgoingFile, len(files))
	for i, f := range files {
		if len(f.Data) > 0 {
			f.Digest, f.Data = envelope.Sum(f.Data), nil
		}
		out[i] = f
	}
	return out
}

func fingerprint(v any) envelope.Digest {
	data, err := json.Marshal(v)
	if err != nil {
		return envelope.Digest{}
	}
	return sha256.Sum256(data)
}
