package powercut

import (
	"fmt"
	"strconv"
	"strings"
)

func (m *model) resizes(c *call, p *process) error {
	if c.name == "truncate" {
		name, err := absolute(c.args[0])
		if err != nil {
			return err
		}
		elements, inside := m.within(name)
		if !inside {
			return nil
		}
		f := m.lookup(elements)
		if f == nil {
			return fmt.Errorf("%q was never made", name)
		}
		return m.resizeTo(c, f, c.args[1])
	}
	d, err := m.opened(p, c.args[0])
	if d == nil || err != nil {
		return err
	}
	if c.name == "ftruncate" {
		return m.resizeTo(c, d.file, c.args[1])
	}
	// fallocate(fd, mode, offset, length)
	offset, err := strconv.ParseInt(c.args[2], 0, 64)
	if err != nil {
		return err
	}
	length, err := strconv.ParseInt(c.args[3], 0, 64)
	if err != nil {
		return err
	}
	switch {
	case strings.Contains(c.args[1], "FALLOC_FL_KEEP_SIZE") && !strings.Contains(c.args[1], "PUNCH"):
	case c.args[1] != "0":
		return fmt.Errorf("mode %s is not followed", c.args[1])
	case offset+length > d.file.size:
		m.resize(c, d.file, offset+length)
	}
	return nil
}

func (m *model) resizeTo(c *call, f *file, size string) error {
	n, err := strconv.ParseInt(size, 0, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("size %q", size)
	}
	m.resize(c, f, n)
	return nil
}

func (m *model) syncs(c *call, p *process) error {
	covers := m.before(c)
	if c.name == "sync" || c.name == "syncfs" {
		m.syncAll(c, m.top, covers)
		return nil
	}
	d, err := m.opened(p, c.args[0])
	if d == nil || err != nil {
		return err
	}
	m.synced(c, d.file, covers)
	return nil
}

func (m *model) syncAll(c *call, f *file, covers int) {
	m.synced(c, f, covers)
	for _, sub := range f.names {
		m.syncAll(c, sub, covers)
	}
}

// unseen refuses writes that leave no bytes in the trace.
func (m *model) unseen(c *call, p *process) error {
	into := c.args[0] // sendfile(out, in, …)
	switch c.name {
	case "mmap": // mmap(addr, length, protection, flags, fd, offset)
		if !strings.Contains(c.args[2], "PROT_WRITE") || !strings.Contains(c.args[3], "MAP_SHARED") || c.args[4] == "-1" {
			return nil
		}
		into = c.args[4]
	case "copy_file_range", "splice": // (in, offset, out, …)
		into = c.args[2]
	}
	d, err := m.opened(p, into)
	if d == nil || err != nil {
		return err
	}
	if _, name, err := descriptor(into); err != nil || strings.HasSuffix(name, "-shm") {
		return err // SQLite's index of its log: never synced, made anew at the next start
	}
	return fmt.Errorf("bytes go to %s unseen", into)
}

// namespace follows calls that change names.
func (m *model) namespace(c *call) error {
	a := c.args
	switch c.name {
	case "rename":
		return m.two(c, absolute, a[0], a[1], m.rename)
	case "renameat", "renameat2":
		if len(a) > 4 && a[4] != "0" && a[4] != "RENAME_NOREPLACE" {
			return fmt.Errorf("flags %s are not followed", a[4])
		}
		return m.four(c, a, m.rename)
	case "link":
		return m.two(c, absolute, a[0], a[1], m.linkTo)
	case "linkat":
		return m.four(c, a, m.linkTo)
	case "symlink", "symlinkat":
		name, err := absolute(a[1])
		if c.name == "symlinkat" {
			name, err = path(a[1], a[2])
		}
		if _, inside := m.within(name); err == nil && inside {
			err = fmt.Errorf("symbolic links are not followed")
		}
		return err
	}
	name, err := absolute(a[0])
	if strings.HasSuffix(c.name, "at") {
		name, err = path(a[0], a[1])
	}
	if err != nil {
		return err
	}
	if _, inside := m.within(name); !inside {
		return nil
	}
	if strings.HasPrefix(c.name, "mkdir") {
		return m.link(c, name, m.arrived(name, &file{folder: true, names: map[string]*file{}}))
	}
	return m.link(c, name, nil) // unlink, unlinkat, rmdir
}

func (m *model) two(c *call, read func(string) (string, error), from, to string, f func(*call, string, string) error) error {
	a, err := read(from)
	if err != nil {
		return err
	}
	b, err := read(to)
	if err != nil {
		return err
	}
	return f(c, a, b)
}

func (m *model) four(c *call, a []string, f func(*call, string, string) error) error {
	from, err := path(a[0], a[1])
	if err != nil {
		return err
	}
	to, err := path(a[2], a[3])
	if err != nil {
		return err
	}
	return f(c, from, to)
}

func (m *model) linkTo(c *call, from, to string) error {
	source, inFrom := m.within(from)
	if _, inTo := m.within(to); !inTo {
		return nil
	}
	f := m.lookup(source)
	if !inFrom || f == nil || f.folder {
		return fmt.Errorf("link to %q, which is no file that anybody made", from)
	}
	return m.link(c, to, f)
}
