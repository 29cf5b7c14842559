package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A carrier is a store whose rows can be taken to another, of whatever kind. Values are
// int64, bool, string, []byte, [][]byte or nil.
type carrier interface {
	exchange.Store
	Export(ctx context.Context, only []string, row func(table string, columns []string, values []any) error) error
	Import(ctx context.Context, export func(row func(table string, columns []string, values []any) error) error) error
}

func carry(rows exchange.Store) (carrier, error) {
	c, ok := rows.(carrier)
	if !ok {
		return nil, fmt.Errorf("store: %T cannot be copied", rows)
	}
	return c, nil
}

// blobRows gives every row of a file that is not on its way out.
func blobRows(ctx context.Context, c carrier, f func(digest envelope.Digest, size uint64) error) error {
	const live = 1
	return c.Export(ctx, []string{"blob"}, func(_ string, columns []string, values []any) error {
		var digest envelope.Digest
		var size, state int64
		for i, column := range columns {
			switch v := values[i].(type) {
			case []byte:
				if column == "digest" {
					copy(digest[:], v)
				}
			case int64:
				switch column {
				case "size":
					size = v
				case "state":
					state = v
				}
			}
		}
		if state != live {
			return nil
		}
		return f(digest, uint64(size))
	})
}

// A Report is what [Check] has found.
type Report struct {
	Leaves   uint64 // of the journal
	Root     envelope.Digest
	Files    int
	Problems []string // what is not as it must be; empty if all is well
}

// maxProblems bounds the list of files that are not as they must be.
const maxProblems = 100

// Check hashes the journal of a store again, and looks for every file that it has a row
// of; with read set it reads and hashes those too.
func Check(ctx context.Context, rows exchange.Store, files exchange.Blobs, read bool) (*Report, error) {
	c, err := carry(rows)
	if err != nil {
		return nil, err
	}
	j, err := exchange.VerifyStored(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := &Report{Leaves: j.Size, Root: envelope.Digest(j.Root), Problems: j.Problems}
	bad := 0
	err = blobRows(ctx, c, func(digest envelope.Digest, size uint64) error {
		out.Files++
		problem := checkFile(ctx, files, digest, size, read)
		if problem == nil {
			return ctx.Err()
		}
		if bad++; bad <= maxProblems {
			out.Problems = append(out.Problems, fmt.Sprintf("file %s: %v", digest, problem))
		}
		return ctx.Err()
	})
	if bad > maxProblems {
		out.Problems = append(out.Problems, fmt.Sprintf("and %d more files", bad-maxProblems))
	}
	return out, err
}

func checkFile(ctx context.Context, files exchange.Blobs, digest envelope.Digest, size uint64, read bool) error {
	f, err := files.Open(ctx, digest)
	if err != nil {
		return err
	}
	defer f.Close()
	if uint64(f.Size()) != size {
		return fmt.Errorf("has %d bytes, its row says %d", f.Size(), size)
	}
	if !read {
		return nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, f.Size())); err != nil {
		return err
	}
	if got := envelope.Digest(h.Sum(nil)); got != digest {
		return fmt.Errorf("its bytes hash to %s", got)
	}
	return nil
}

// Copy makes the store to, which must be new, the store from: files first, then all rows
// in one transaction, and then it hashes the journal there and compares. The incarnation
// comes along, so that only one of the two may be used from then on. Uploads that are
// not complete begin anew. What is not as it must be is in the report, and copied.
func Copy(ctx context.Context, from, to string) (*Report, error) {
	return copyIf(ctx, from, to, func(*Report) error { return nil })
}

// copyIf is Copy, but asks take before rows are written: where that refuses, none are.
func copyIf(ctx context.Context, from, to string, take func(*Report) error) (*Report, error) {
	source, sourceFiles, err := OpenExisting(ctx, from)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	target, targetFiles, err := Open(ctx, to)
	if err != nil {
		return nil, err
	}
	report, err := copyAll(ctx, source, target, sourceFiles, targetFiles, take)
	return report, errors.Join(err, target.Close())
}

func copyAll(ctx context.Context, source, target exchange.Store, sourceFiles, targetFiles exchange.Blobs, take func(*Report) error) (*Report, error) {
	from, err := carry(source)
	if err != nil {
		return nil, err
	}
	to, err := carry(target)
	if err != nil {
		return nil, err
	}
	if size, err := target.TreeSize(ctx); err != nil || size > 0 {
		return nil, errors.Join(err, fmt.Errorf("store: copy: the journal of the target has %d leaves; name a store that is new", size))
	}
	if err := blobRows(ctx, from, func(digest envelope.Digest, size uint64) error {
		return copyFile(ctx, sourceFiles, targetFiles, digest, int64(size))
	}); err != nil {
		return nil, err
	}
	report, err := Check(ctx, source, targetFiles, false)
	if err != nil {
		return nil, err
	}
	if err := take(report); err != nil {
		return report, err
	}
	if err := to.Import(ctx, func(row func(string, []string, []any) error) error { return from.Export(ctx, nil, row) }); err != nil {
		return nil, err
	}
	got, err := exchange.VerifyStored(ctx, target)
	if err == nil && (got.Size != report.Leaves || envelope.Digest(got.Root) != report.Root) {
		report.Problems = append(report.Problems, fmt.Sprintf("the journal has %d leaves with root %x, in the source %d with %s", got.Size, got.Root, report.Leaves, report.Root))
	}
	return report, err
}

// copyFile copies a file that is not there yet. Its digest is checked on the way in.
func copyFile(ctx context.Context, from, to exchange.Blobs, digest envelope.Digest, size int64) error {
	if checkFile(ctx, to, digest, uint64(size), false) == nil {
		return nil
	}
	f, err := from.Open(ctx, digest)
	if err != nil {
		return fmt.Errorf("store: copy: %w", err)
	}
	defer f.Close()
	key := "copy-" + digest.String()
	held, err := to.Held(ctx, key)
	if err != nil {
		return err
	}
	if _, err := to.Append(ctx, key, held, io.NewSectionReader(f, held, size-held)); err != nil {
		return fmt.Errorf("store: copy: file %s: %w", digest, err)
	}
	return to.Finish(ctx, key, digest, size)
}
