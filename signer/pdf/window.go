package pdf

// windowSize is how much is read at once. A walk that goes from object to object
// through a large file has a window of wideWindow, most of which lies ahead, be that
// forwards or backwards: to read 200 bytes takes longer to ask for than to read.
const (
	windowSize = 4 << 10
	wideWindow = 32 << 10
	lookBack   = 1 << 10
)

// smallFile is how large a file is for which none of this is worth its memory.
const smallFile = 4 << 20

// maxKept is how many small windows are kept, 16 MiB of them. Between the images of
// a scan the objects of a page lie together, and five walks go from page to page.
const maxKept = 4096

// at returns bytes of the file from off: at least n, but for the file's end.
// They are valid until the next call.
func (f *File) at(off int64, n int) ([]byte, error) {
	if off < 0 || off >= f.size {
		return nil, nil
	}
	end := f.winBase + int64(len(f.win))
	if off >= f.winBase && off < end && (end-off >= int64(n) || end == f.size) {
		return f.win[off-f.winBase:], nil
	}
	base, want := f.window(off, int64(n))
	if w := f.kept[base]; len(w) >= want {
		f.win, f.winBase = w, base
		return w[off-base:], nil
	}
	keep := f.size > smallFile && want <= windowSize && len(f.kept) < maxKept
	if keep || f.isKept() || cap(f.win) < want || cap(f.win) > 1<<20 && want < 1<<16 {
		f.win = make([]byte, want)
	}
	f.win, f.winBase = f.win[:want], base
	if err := readFull(f.src, f.win, base); err != nil {
		f.win = nil
		return nil, err
	}
	if keep {
		if f.kept == nil {
			f.kept = make(map[int64][]byte)
		}
		f.kept[base] = f.win
	}
	return f.win[off-base:], nil
}

// isKept reports whether the window is one that stays as it is.
func (f *File) isKept() bool {
	w := f.kept[f.winBase]
	return len(w) > 0 && len(f.win) > 0 && &w[0] == &f.win[0]
}

// window returns where the next window begins that has n bytes from off, or all
// there are, and how many bytes it has.
func (f *File) window(off, n int64) (base int64, want int) {
	base = off &^ (lookBack - 1)
	room := max(off-base+n, windowSize)
	end := f.winBase + int64(len(f.win))
	switch {
	case len(f.win) == 0 || n > wideWindow || f.size <= smallFile:
	case off >= f.winBase && off < end+windowSize:
		base, room = max(0, off-lookBack), max(n+lookBack, wideWindow)
	case off < f.winBase && off > f.winBase-windowSize:
		base, room = max(0, off+max(n, windowSize)-wideWindow), wideWindow+n
	}
	return base, int(min(room, f.size-base))
}
