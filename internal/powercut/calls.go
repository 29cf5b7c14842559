package powercut

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// run follows all calls, in the order in which they returned; but close from when
// it began, since another thread may get the same number before it returns.
func (m *model) run(calls []*call) error {
	m.assign(calls)
	slices.SortStableFunc(calls, func(a, b *call) int { return cmp.Compare(a.when(), b.when()) })
	for _, c := range calls {
		if c.result < 0 {
			continue
		}
		if err := m.call(c); err != nil {
			return fmt.Errorf("powercut: %s(%.200s), trace line %d: %w", c.name, strings.Join(c.args, ", "), c.ended+1, err)
		}
	}
	for _, f := range m.expecting {
		if f.expected {
			return fmt.Errorf("powercut: a file below %q was opened that nobody made", m.root)
		}
	}
	return nil
}

func (c *call) when() int {
	if c.name == "close" {
		return c.begun
	}
	return c.ended
}

// assign finds the threads of each process before anything is followed, since a
// new thread may be seen to act before the call that made it returns.
func (m *model) assign(calls []*call) {
	for _, c := range calls {
		switch c.name {
		case "clone", "clone3", "fork", "vfork":
		default:
			continue
		}
		if c.result > 0 && strings.Contains(strings.Join(c.args, ","), "CLONE_FILES") {
			m.processes[int(c.result)] = m.process(c.pid)
		}
	}
}

func (m *model) process(thread int) *process {
	p := m.processes[thread]
	if p == nil {
		p = &process{fds: map[int]*description{}, closing: map[int]bool{}}
		m.processes[thread] = p
	}
	return p
}

// arguments is how many of its arguments are read of each call.
var arguments = map[string]int{"openat": 3, "open": 2, "write": 2, "pwrite64": 4, "writev": 2, "pwritev": 4, "pwritev2": 4,
	"close": 1, "dup": 1, "dup2": 2, "dup3": 3, "fcntl": 2, "lseek": 1, "ftruncate": 2, "truncate": 2, "fallocate": 4,
	"fsync": 1, "fdatasync": 1, "mmap": 5, "copy_file_range": 3, "sendfile": 1, "splice": 3, "rename": 2, "renameat": 4,
	"renameat2": 4, "link": 2, "linkat": 4, "symlink": 2, "symlinkat": 3, "unlink": 1, "unlinkat": 2, "mkdir": 1, "mkdirat": 2,
	"rmdir": 1, "creat": 1, "sync": 0, "syncfs": 0, "clone": 0, "clone3": 0, "fork": 0, "vfork": 0, "execve": 0}

func (m *model) call(c *call) error {
	if want, known := arguments[c.name]; !known || len(c.args) < want {
		return fmt.Errorf("%d arguments, want %d", len(c.args), want)
	}
	p := m.process(c.pid)
	switch c.name {
	case "openat", "open", "creat":
		return m.open(c, p)
	case "write", "pwrite64", "writev", "pwritev", "pwritev2":
		return m.writes(c, p)
	case "close", "dup", "dup2", "dup3", "fcntl", "lseek", "execve", "fork", "vfork", "clone", "clone3":
		return m.descriptors(c, p)
	case "ftruncate", "truncate", "fallocate":
		return m.resizes(c, p)
	case "fsync", "fdatasync", "sync", "syncfs":
		return m.syncs(c, p)
	case "mmap", "copy_file_range", "sendfile", "splice":
		return m.unseen(c, p)
	}
	return m.namespace(c)
}

// path joins a folder descriptor (AT_FDCWD among them) and a name.
func path(at, name string) (string, error) {
	_, folder, err := descriptor(at)
	if err != nil {
		return "", err
	}
	b, err := text(name)
	if err != nil {
		return "", err
	}
	if filepath.IsAbs(string(b)) {
		return filepath.Clean(string(b)), nil
	}
	return filepath.Join(folder, string(b)), nil
}

// absolute reads a name that has no folder descriptor, and must be absolute.
func absolute(arg string) (string, error) {
	b, err := text(arg)
	if err == nil && !filepath.IsAbs(string(b)) {
		err = fmt.Errorf("relative name %q", b)
	}
	return filepath.Clean(string(b)), err
}

func (m *model) open(c *call, p *process) error {
	name, flags := c.opened, ""
	switch c.name {
	case "openat":
		flags = c.args[2]
	case "open":
		flags = c.args[1]
	case "creat":
		flags = "O_CREAT|O_TRUNC"
	}
	fd := int(c.result)
	delete(p.fds, fd)
	elements, inside := m.within(name)
	if !inside {
		return nil
	}
	has := strings.Split(flags, "|")
	f := m.lookup(elements)
	if creates := slices.Contains(has, "O_CREAT"); creates && (f == nil || f.expected) {
		f = m.arrived(name, &file{})
		if err := m.link(c, name, f); err != nil {
			return err
		}
	} else if f == nil {
		folder, last, err := m.parent(name)
		if err != nil {
			return err
		}
		f = m.expect(folder, last)
	} else if slices.Contains(has, "O_TRUNC") && f.size > 0 {
		m.resize(c, f, 0)
	}
	p.fds[fd] = &description{file: f, append: slices.Contains(has, "O_APPEND"),
		writesSync: slices.Contains(has, "O_SYNC") || slices.Contains(has, "O_DSYNC")}
	p.closing[fd] = slices.Contains(has, "O_CLOEXEC")
	return nil
}

// opened finds the description of a descriptor argument. It is nil for files that
// are not below root.
func (m *model) opened(p *process, arg string) (*description, error) {
	fd, name, err := descriptor(arg)
	if err != nil {
		return nil, err
	}
	d := p.fds[fd]
	if _, inside := m.within(name); inside && d == nil {
		return nil, fmt.Errorf("descriptor %d of %q was opened unseen", fd, name)
	}
	return d, nil
}

func (m *model) writes(c *call, p *process) error {
	d, err := m.opened(p, c.args[0])
	if d == nil || err != nil {
		return err
	}
	data, err := written(c)
	if err != nil {
		return err
	}
	if int64(len(data)) < c.result {
		return fmt.Errorf("%d bytes were written and %d recorded", c.result, len(data))
	}
	data = data[:c.result]
	if strings.HasPrefix(c.name, "pwrite") {
		at := 3 // pwrite64(fd, data, size, offset), pwritev(fd, iov, count, offset)
		offset, err := strconv.ParseInt(c.args[at], 0, 64)
		if err != nil || offset < 0 {
			return fmt.Errorf("offset %q", c.args[at])
		}
		m.write(c, d, data, offset)
		return nil
	}
	if d.append {
		d.offset = d.file.size
	}
	m.write(c, d, data, d.offset)
	d.offset += c.result
	return nil
}

// written gives the bytes of a write: a string, or a list of
// {iov_base="…", iov_len=n}.
func written(c *call) ([]byte, error) {
	if !strings.HasPrefix(c.args[1], "[") {
		return text(c.args[1])
	}
	var all []byte
	for rest := c.args[1]; ; {
		_, after, ok := strings.Cut(rest, "iov_base=")
		if !ok {
			return all, nil
		}
		quoted, tail, ok := strings.Cut(after, ", iov_len=")
		if !ok {
			return nil, fmt.Errorf("vector %.80q", after)
		}
		b, err := text(quoted)
		if err != nil {
			return nil, err
		}
		all, rest = append(all, b...), tail
	}
}

// descriptors follows what happens to descriptors themselves.
func (m *model) descriptors(c *call, p *process) error {
	switch c.name {
	case "fork", "vfork", "clone", "clone3":
		if child := int(c.result); m.processes[child] != p && c.result > 0 {
			q := m.process(child)
			for fd, d := range p.fds { // the child may already have opened its own
				if _, taken := q.fds[fd]; !taken {
					q.fds[fd], q.closing[fd] = d, p.closing[fd]
				}
			}
		}
		return nil
	case "execve":
		for fd := range p.fds {
			if p.closing[fd] {
				delete(p.fds, fd)
			}
		}
		return nil
	}
	d, err := m.opened(p, c.args[0])
	if err != nil {
		return err
	}
	fd, _, err := descriptor(c.args[0])
	if err != nil {
		return err
	}
	switch c.name {
	case "close":
		delete(p.fds, fd)
	case "lseek":
		if d != nil {
			d.offset = c.result
		}
	case "fcntl":
		if strings.HasPrefix(c.args[1], "F_DUPFD") {
			p.duplicate(int(c.result), d, c.args[1] == "F_DUPFD_CLOEXEC")
		}
	case "dup", "dup2", "dup3":
		p.duplicate(int(c.result), d, len(c.args) > 2 && strings.Contains(c.args[2], "O_CLOEXEC"))
	}
	return nil
}

func (p *process) duplicate(fd int, d *description, closing bool) {
	delete(p.fds, fd)
	if d != nil {
		p.fds[fd], p.closing[fd] = d, closing
	}
}
