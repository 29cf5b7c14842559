package powercut

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"time"
)

// A Trace is what a process did below a folder, as a list of steps: cuts go
// between them.
type Trace struct {
	top   *file
	steps []step
	base  int // steps that made what was there before
}

// First is the cut before the process did anything.
func (t *Trace) First() int { return t.base }

// Last is the cut after everything that the process did.
func (t *Trace) Last() int { return len(t.steps) }

// At is the cut at a time: everything that had returned by then is before it. An
// answer that a client saw at that time was given for steps before this cut.
func (t *Trace) At(when time.Time) int {
	seconds := float64(when.UnixNano()) / 1e9
	return max(t.base, sort.Search(len(t.steps), func(i int) bool { return t.steps[i].at > seconds }))
}

// Rebuild makes the folder dir as it would be after a power cut at a cut (from
// [Trace.First] to [Trace.Last]), if everything that was not synced is lost. dir
// must be empty or not exist.
func (t *Trace) Rebuild(dir string, cut int) error {
	return t.rebuild(dir, cut, func(*step) *step { return nil })
}

// RebuildTorn is Rebuild with a disk that kept, by chance, some of what was not
// synced: whole steps, and the first sectors of a write.
func (t *Trace) RebuildTorn(dir string, cut int, chance *rand.Rand) error {
	return t.rebuild(dir, cut, func(s *step) *step {
		if chance.IntN(2) == 0 {
			return nil
		}
		const sector = 512
		if sectors := len(s.data) / sector; s.kind == stepWrite && sectors > 0 && chance.IntN(4) == 0 {
			torn := *s
			torn.data = s.data[:sector*chance.IntN(sectors+1)]
			return &torn
		}
		return s
	})
}

// A remnant is what there is of a file on the disk.
type remnant struct {
	steps []int // by which it changed
	safe  int   // so many of them are durable
	data  []byte
	names map[string]*file
}

func (t *Trace) rebuild(dir string, cut int, chance func(*step) *step) error {
	if cut < t.base || cut > len(t.steps) {
		return fmt.Errorf("powercut: cut %d, want %d to %d", cut, t.base, len(t.steps))
	}
	disk := map[*file]*remnant{}
	var order []*remnant // so that the same chance gives the same folder
	of := func(f *file) *remnant {
		if disk[f] == nil {
			disk[f] = &remnant{names: map[string]*file{}}
			order = append(order, disk[f])
		}
		return disk[f]
	}
	for i := range t.steps[:cut] {
		s := &t.steps[i]
		r := of(s.file)
		if s.kind == stepSync {
			r.safe = max(r.safe, sort.SearchInts(r.steps, s.covers))
			continue
		}
		r.steps = append(r.steps, i)
	}
	kept := make([]*step, cut)
	for _, r := range order {
		for n, i := range r.steps {
			if kept[i] = &t.steps[i]; n >= r.safe {
				kept[i] = chance(kept[i])
			}
		}
	}
	for _, r := range order {
		for _, i := range r.steps {
			if s := kept[i]; s != nil && (s.needs < 0 || kept[s.needs] != nil) {
				r.apply(s)
			}
		}
	}
	return write(dir, t.top, of)
}

func (r *remnant) apply(s *step) {
	switch s.kind {
	case stepWrite:
		r.grow(s.offset + int64(len(s.data)))
		copy(r.data[s.offset:], s.data)
	case stepResize:
		r.grow(s.offset)
		r.data = r.data[:s.offset]
	case stepName:
		delete(r.names, s.old)
		if s.target == nil {
			delete(r.names, s.name)
		} else {
			r.names[s.name] = s.target
		}
	}
}

// grow makes data at least size bytes long, with zeros.
func (r *remnant) grow(size int64) {
	if more := size - int64(len(r.data)); more > 0 {
		r.data = append(r.data, make([]byte, more)...)
	}
}

func write(path string, f *file, of func(*file) *remnant) error {
	r := of(f)
	if !f.folder {
		if err := os.WriteFile(path, r.data, 0o600); err != nil {
			return fmt.Errorf("powercut: %w", err)
		}
		return nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("powercut: %w", err)
	}
	for name, sub := range r.names {
		if err := write(filepath.Join(path, name), sub, of); err != nil {
			return err
		}
	}
	return nil
}
