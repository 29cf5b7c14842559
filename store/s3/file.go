package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"

	"lienthong/store/blob"
)

const (
	// blockSize is what is fetched at a time: a leaf of a transfer, and more than most
	// letters have.
	blockSize = 1 << 20
	// keepBlocks is how many blocks an open file keeps: PDF is read here and there.
	keepBlocks = 4
)

// A File is a blob that is open for reading. It fetches what is asked for in blocks.
type File struct {
	s      *Store
	ctx    context.Context // ends when it is closed
	cancel context.CancelFunc
	key    string
	size   int64

	mu     sync.Mutex
	blocks []block // that was read last at the end
}

type block struct {
	at   int64
	data []byte
}

// Open opens a blob and fetches its beginning. Its size is the object's: a blob is whole,
// or it is not there. What is open when a blob is removed can be read no further.
func (s *Store) Open(ctx context.Context, digest [32]byte) (*File, error) {
	f := &File{s: s, key: s.key(digest)}
	data, size, err := s.get(ctx, f.key, 0)
	if err != nil {
		return nil, err
	}
	f.size, f.blocks = size, []block{{0, data}}
	f.ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return f, nil
}

// get fetches the block at an offset, and says how large all of the object is.
func (s *Store) get(ctx context.Context, key string, at int64) (data []byte, size int64, err error) {
	err = s.do(ctx, "GET", key, func(ctx context.Context) error {
		data, size, err = s.getOnce(ctx, key, at)
		return err
	})
	return data, size, err
}

func (s *Store) getOnce(ctx context.Context, key string, at int64) ([]byte, int64, error) {
	var opts minio.GetObjectOptions
	if err := opts.SetRange(at, at+blockSize-1); err != nil {
		return nil, 0, err
	}
	body, info, header, err := s.core.GetObject(ctx, s.cfg.Bucket, key, opts)
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.Code == "InvalidRange" && at == 0 {
		return nil, 0, nil // an empty object has no range
	}
	if err != nil {
		return nil, 0, err
	}
	defer body.Close()
	size := info.Size
	if total, ok := totalOf(header.Get("Content-Range")); ok {
		size = total
	} else if at > 0 || size > blockSize {
		return nil, 0, fmt.Errorf("the server gives all %d bytes where %d from byte %d were asked for", size, blockSize, at)
	}
	data := make([]byte, min(blockSize, max(size-at, 0)))
	_, err = io.ReadFull(body, data)
	return data, size, err
}

// totalOf reads "bytes 0-9/123".
func totalOf(text string) (int64, bool) {
	_, total, ok := strings.Cut(text, "/")
	n, err := strconv.ParseInt(total, 10, 64)
	return n, ok && err == nil
}

// ReadAt implements [io.ReaderAt].
func (f *File) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("s3: read at %d", off)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for n < len(p) && off+int64(n) < f.size {
		data, err := f.block((off + int64(n)) / blockSize * blockSize)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], data[(off+int64(n))%blockSize:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// block gives the bytes at an offset, which is a multiple of blockSize.
func (f *File) block(at int64) ([]byte, error) {
	for i, b := range f.blocks {
		if b.at == at {
			copy(f.blocks[i:], f.blocks[i+1:])
			f.blocks[len(f.blocks)-1] = b
			return b.data, nil
		}
	}
	data, size, err := f.s.get(f.ctx, f.key, at)
	if err != nil {
		return nil, err
	}
	if size != f.size {
		return nil, fmt.Errorf("%w: %q had %d bytes when it was opened, and has %d now", blob.ErrMismatch, f.key, f.size, size)
	}
	if len(f.blocks) == keepBlocks {
		f.blocks = f.blocks[1:]
	}
	f.blocks = append(f.blocks, block{at, data})
	return data, nil
}

// Size is the number of bytes.
func (f *File) Size() int64 { return f.size }

// Close ends what is being fetched. What was read stays good.
func (f *File) Close() error {
	f.cancel()
	return nil
}
