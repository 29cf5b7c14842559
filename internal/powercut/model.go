package powercut

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// A file is a file or a folder, whatever names it has.
type file struct {
	folder bool
	names  map[string]*file // of a folder, as the process sees it now
	size   int64            // of a file, likewise
	// It is used, and the call that makes it has not returned: another thread's.
	expected bool
}

// A step is one thing that happened to one file or folder, in the order in which
// it was complete. What of it counts at a cut is decided when a folder is rebuilt.
type step struct {
	kind kind
	file *file
	at   float64 // seconds since 1970
	line int     // of the trace, on which the call returned

	data   []byte // write
	offset int64  // write; resize: the new length
	name   string // name
	target *file  // name: what it names from now on; nil takes it away
	old    string // name: another name of the same folder that goes with it (rename)
	needs  int    // name: this goes only if that step has come (rename between folders), or -1
	covers int    // sync: the number of steps that were complete when it began
}

type kind uint8

const (
	stepWrite kind = iota + 1
	stepResize
	stepName
	stepSync // has returned
)

// A description is an open file: what dup(2) shares.
type description struct {
	file       *file
	offset     int64
	append     bool
	writesSync bool // O_SYNC or O_DSYNC
}

// A process is a table of descriptors. Threads share one.
type process struct {
	fds     map[int]*description
	closing map[int]bool // close on exec
}

// A model follows a traced program through its system calls.
type model struct {
	root      string
	top       *file
	steps     []step
	processes map[int]*process // by thread
	expecting []*file
}

func newModel(root string) *model {
	return &model{root: root, top: &file{folder: true, names: map[string]*file{}}, processes: map[int]*process{}}
}

// start is the pretended call by which everything came that was there before.
var start = &call{ended: -1}

// load reads what the folder holds before the program starts: all of it durable.
func (m *model) load() error { return m.loadFolder(m.top, m.root) }

func (m *model) loadFolder(folder *file, path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("powercut: %w", err)
	}
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		switch {
		case e.IsDir():
			sub := &file{folder: true, names: map[string]*file{}}
			if err := m.link(start, name, sub); err != nil {
				return err
			}
			if err := m.loadFolder(sub, name); err != nil {
				return err
			}
		case e.Type().IsRegular():
			data, err := os.ReadFile(name)
			if err != nil {
				return fmt.Errorf("powercut: %w", err)
			}
			f := &file{}
			if err := m.link(start, name, f); err != nil {
				return err
			}
			m.write(start, &description{file: f, writesSync: true}, data, 0)
		default:
			return fmt.Errorf("powercut: %q is neither file nor folder", name)
		}
	}
	m.synced(start, folder, len(m.steps))
	return nil
}

// within returns a path below root as its elements; ok is false for others.
func (m *model) within(path string) (elements []string, ok bool) {
	path = filepath.Clean(path)
	if path == m.root {
		return nil, true
	}
	rest, ok := strings.CutPrefix(path, m.root+"/")
	if !ok {
		return nil, false
	}
	return strings.Split(rest, "/"), true
}

// lookup finds the file that a path names now; nil if there is none.
func (m *model) lookup(elements []string) *file {
	f := m.top
	for _, name := range elements {
		if f == nil || f.names == nil {
			return nil
		}
		f = f.names[name]
	}
	return f
}

// parent finds the folder of a path and the last element.
func (m *model) parent(path string) (*file, string, error) {
	elements, ok := m.within(path)
	if !ok || len(elements) == 0 {
		return nil, "", fmt.Errorf("%q is not below %q", path, m.root)
	}
	f := m.top
	last := len(elements) - 1
	for _, name := range elements[:last] {
		sub := f.names[name]
		if sub == nil {
			sub = m.expect(f, name)
		}
		if sub.names == nil {
			return nil, "", fmt.Errorf("%q lies below a file", path)
		}
		f = sub
	}
	return f, elements[last], nil
}

// expect puts a file in its place before the call that makes it has returned.
func (m *model) expect(folder *file, name string) *file {
	f := &file{expected: true, names: map[string]*file{}}
	folder.names[name] = f
	m.expecting = append(m.expecting, f)
	return f
}

// arrived makes a new file of the one that was expected under a path, if one was.
func (m *model) arrived(path string, f *file) *file {
	elements, _ := m.within(path)
	e := m.lookup(elements)
	if e == nil || !e.expected {
		return f
	}
	e.expected, e.folder = false, f.folder
	if !e.folder {
		e.names = nil
	}
	return e
}

func (m *model) step(c *call, s step) {
	s.at, s.line, s.needs = c.at, c.ended, -1
	m.steps = append(m.steps, s)
}

// link gives a file a name in a folder; nil takes the name away.
func (m *model) link(c *call, path string, f *file) error {
	folder, name, err := m.parent(path)
	if err != nil {
		return err
	}
	if f == nil {
		delete(folder.names, name)
	} else {
		folder.names[name] = f
	}
	m.step(c, step{kind: stepName, file: folder, name: name, target: f})
	return nil
}

func (m *model) rename(c *call, from, to string) error {
	_, inFrom := m.within(from)
	_, inTo := m.within(to)
	if !inFrom && !inTo {
		return nil
	}
	if !inFrom || !inTo {
		return fmt.Errorf("rename of %q to %q crosses the edge of %q", from, to, m.root)
	}
	source, old, err := m.parent(from)
	if err != nil {
		return err
	}
	target, name, err := m.parent(to)
	if err != nil {
		return err
	}
	f := source.names[old]
	if f == nil {
		return fmt.Errorf("rename of %q, which nobody made", from)
	}
	delete(source.names, old)
	target.names[name] = f
	if source == target { // one entry of the folder's log: both or neither
		m.step(c, step{kind: stepName, file: target, name: name, target: f, old: old})
		return nil
	}
	// Every filesystem that one would use does a rename as one, so the old name is
	// not lost before the new one is safe, whichever folder is synced first.
	m.step(c, step{kind: stepName, file: target, name: name, target: f})
	m.steps = append(m.steps, step{kind: stepName, file: source, name: old, needs: len(m.steps) - 1, at: c.at, line: c.ended})
	return nil
}

func (m *model) write(c *call, d *description, data []byte, offset int64) {
	if end := offset + int64(len(data)); end > d.file.size {
		d.file.size = end
	}
	m.step(c, step{kind: stepWrite, file: d.file, data: data, offset: offset})
	if d.writesSync {
		m.synced(c, d.file, len(m.steps))
	}
}

func (m *model) resize(c *call, f *file, size int64) {
	f.size = size
	m.step(c, step{kind: stepResize, file: f, offset: size})
}

// synced makes durable what the first steps did to f.
func (m *model) synced(c *call, f *file, covers int) {
	m.step(c, step{kind: stepSync, file: f, covers: covers})
}

// before is the number of steps that were complete when c began: a sync need not
// see what was written while it ran.
func (m *model) before(c *call) int {
	return sort.Search(len(m.steps), func(i int) bool { return m.steps[i].line >= c.begun })
}
