// Package powercut shows what a power cut would leave of a folder.
//
// Killing a process proves nothing about syncs: the kernel keeps what was
// written. So this package records with strace(1) every write, name and sync
// that a process makes below one folder, and rebuilds the folder as it would be
// if, at a chosen moment, the disk had kept only what had been synced:
//
//   - a file's bytes count from the fsync that began after they were written, and
//     only once it has returned;
//   - a name (create, rename, link, remove) counts from the fsync of its folder,
//     even though many filesystems would keep it sooner. A rename is not done by
//     halves.
//
// That is the worst that a disk which honours fsync may do, but for one thing: a
// real one may keep some of what was not synced. [Trace.RebuildTorn] does that.
//
// It is for tests, on Linux. Files changed through a shared mapping are refused,
// SQLite's "-shm" excepted, which a restart makes anew.
package powercut

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// ErrUnavailable is wrapped by Start where strace is missing: tests skip then.
var ErrUnavailable = errors.New("strace is not available")

// maxWrite is the longest single write that a trace may hold, in bytes.
const maxWrite = 8 << 20

// calls are the system calls that are recorded. Reading is left out for speed, so
// a file must not be read with read(2) and written with write(2) by one descriptor.
const calls = "openat,open,creat,close,write,pwrite64,writev,pwritev,pwritev2," +
	"fsync,fdatasync,sync,syncfs,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir," +
	"ftruncate,truncate,fallocate,dup,dup2,dup3,fcntl,lseek,mmap,link,linkat,symlink,symlinkat," +
	"copy_file_range,sendfile,splice,clone,clone3,fork,vfork,execve"

// A Recording is a process that runs and is being watched.
type Recording struct {
	cmd  *exec.Cmd
	done chan result
}

type result struct {
	trace *Trace
	err   error
}

// Start starts cmd, which the caller has not started, and records what it does
// below the folder root, which exists. What root holds already counts as durable.
//
// cmd.Process is the command itself, not the tracer: it may be signalled and
// killed. cmd.Wait must be called, then [Recording.Trace].
func Start(cmd *exec.Cmd, root string) (*Recording, error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return nil, fmt.Errorf("powercut: %w: %w", ErrUnavailable, err)
	}
	if cmd.Err != nil {
		return nil, fmt.Errorf("powercut: %w", cmd.Err)
	}
	// Names in a trace are as the kernel knows them, without symbolic links.
	root, err = filepath.Abs(root)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return nil, fmt.Errorf("powercut: %w", err)
	}
	m := newModel(root)
	if err := m.load(); err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("powercut: %w", err)
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, w)
	out := "/proc/self/fd/" + strconv.Itoa(2+len(cmd.ExtraFiles))
	cmd.Args = append([]string{strace, "-D", "-f", "-qq", "-y", "-ttt", "-T", "-xx", "-s", strconv.Itoa(maxWrite),
		"-e", "signal=none", "-e", "trace=" + calls, "-o", out, "--", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = strace
	rec := &Recording{cmd: cmd, done: make(chan result, 1)}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("powercut: %w", err), r.Close(), w.Close())
	}
	go rec.follow(m, r)
	return rec, w.Close()
}

// follow reads the trace until the command and its tracer have closed it.
func (rec *Recording) follow(m *model, r io.ReadCloser) {
	base := len(m.steps)
	lines, err := parse(r)
	if _, drain := io.Copy(io.Discard, r); err == nil { // or the command would hang
		err = drain
	}
	if err == nil {
		err = m.run(lines)
	}
	rec.done <- result{&Trace{top: m.top, steps: m.steps, base: base}, errors.Join(err, r.Close())}
}

// Trace waits for the end of the recording and returns it. It returns an error
// if something was recorded that the rebuilt folder would not show.
func (rec *Recording) Trace() (*Trace, error) {
	res := <-rec.done
	rec.done <- res
	if res.err != nil {
		return nil, res.err
	}
	return res.trace, nil
}
