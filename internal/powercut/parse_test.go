package powercut

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// follow runs a trace that is written by hand, of a program in /r.
func follow(t *testing.T, lines ...string) *Trace {
	t.Helper()
	calls, err := parse(strings.NewReader(strings.Join(lines, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	m := newModel("/r")
	if err := m.run(calls); err != nil {
		t.Fatal(err)
	}
	return &Trace{top: m.top, steps: m.steps}
}

func TestTraces(t *testing.T) {
	t.Parallel()
	const (
		create = `7 1.0 openat(AT_FDCWD</x>, "\x2fr\x2fa", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 3</r/a> <0.1>`
		folder = `7 1.5 openat(AT_FDCWD</x>, "/r", O_RDONLY) = 4</r> <0.1>`
		thread = `7 1.7 clone(child_stack=0, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, tls=0) = 8 <0.1>`
		named  = `7 1.6 fsync(4</r>) = 0 <0.1>`
	)
	for _, tt := range []struct {
		name  string
		lines []string
		want  map[string]string
	}{
		{"nothing synced", []string{create, `7 2.0 write(3</r/a>, "\x41", 1) = 1 <0.1>`}, nil},
		{"name synced, bytes not", []string{create, folder, named, `7 2.0 write(3</r/a>, "\x41", 1) = 1 <0.1>`}, map[string]string{"a": ""}},
		{"both synced", []string{create, folder, named, `7 2.0 write(3</r/a>, "AB", 2) = 2 <0.1>`,
			`7 2.0 pwrite64(3</r/a>, "\x43", 1, 3) = 1 <0.1>`, `7 3.0 fsync(3</r/a>) = 0 <0.1>`}, map[string]string{"a": "AB\x00C"}},
		{"short write", []string{create, folder, named, `7 2.0 write(3</r/a>, "ABCD", 4) = 2 <0.1>`,
			`7 2.0 write(3</r/a>, "x", 1) = 1 <0.1>`, `7 3.0 fdatasync(3</r/a>) = 0 <0.1>`}, map[string]string{"a": "ABx"}},
		{"write during the sync", []string{create, folder, named, `7 2.0 write(3</r/a>, "A", 1) = 1 <0.1>`,
			thread, `7 3.0 fsync(3</r/a> <unfinished ...>`, `8 3.0 pwrite64(3</r/a>, "B", 1, 1) = 1 <0.1>`,
			`7 3.1 <... fsync resumed>) = 0 <0.1>`}, map[string]string{"a": "A"}},
		{"write begun before the sync, done after", []string{create, folder, named, thread, `8 3.0 pwrite64(3</r/a>, "B", 1, 1 <unfinished ...>`,
			`7 3.0 fsync(3</r/a>) = 0 <0.1>`, `8 3.0 <... pwrite64 resumed>) = 1 <0.1>`}, map[string]string{"a": ""}},
		{"sync that failed", []string{create, folder, named, `7 2.0 write(3</r/a>, "A", 1) = 1 <0.1>`,
			`7 3.0 fsync(3</r/a>) = -1 EIO (Input/output error) <0.1>`}, map[string]string{"a": ""}},
		{"written synchronously", []string{folder, `7 1.0 openat(AT_FDCWD</r>, "a", O_RDWR|O_CREAT|O_DSYNC, 0600) = 3</r/a> <0.1>`, named,
			`7 2.0 write(3</r/a>, "A", 1) = 1 <0.1>`}, map[string]string{"a": "A"}},
		{"through a duplicate", []string{create, folder, named, `7 1.8 fcntl(3</r/a>, F_DUPFD_CLOEXEC, 0) = 9</r/a> <0.1>`,
			`7 1.9 write(3</r/a>, "A", 1) = 1 <0.1>`, `7 2.0 write(9</r/a>, "B", 1) = 1 <0.1>`, `7 3.0 fsync(9</r/a>) = 0 <0.1>`},
			map[string]string{"a": "AB"}},
		{"appended", []string{`7 1.0 openat(AT_FDCWD</r>, "a", O_WRONLY|O_CREAT|O_APPEND, 0600) = 3</r/a> <0.1>`, folder, named,
			`7 1.9 pwrite64(3</r/a>, "AB", 2, 0) = 2 <0.1>`, `7 2.0 write(3</r/a>, "C", 1) = 1 <0.1>`, `7 3.0 fsync(3</r/a>) = 0 <0.1>`},
			map[string]string{"a": "ABC"}},
		{"vector", []string{create, folder, named, `7 2.0 writev(3</r/a>, [{iov_base="A", iov_len=1}, {iov_base="B\x2c", iov_len=2}], 2) = 3 <0.1>`,
			`7 3.0 fsync(3</r/a>) = 0 <0.1>`}, map[string]string{"a": "AB,"}},
		{"truncated", []string{create, folder, named, `7 2.0 write(3</r/a>, "ABC", 3) = 3 <0.1>`, `7 2.1 ftruncate(3</r/a>, 1) = 0 <0.1>`,
			`7 2.2 pwrite64(3</r/a>, "D", 1, 2) = 1 <0.1>`, `7 3.0 fsync(3</r/a>) = 0 <0.1>`}, map[string]string{"a": "A\x00D"}},
		{"renamed, not synced", []string{create, folder, named, `7 2.0 renameat(AT_FDCWD</x>, "/r/a", AT_FDCWD</r>, "b") = 0 <0.1>`},
			map[string]string{"a": ""}},
		{"moved, only the old folder synced", []string{create, folder, named, `7 2.0 mkdirat(4</r>, "d", 0700) = 0 <0.1>`,
			`7 2.1 renameat(4</r>, "a", 4</r>, "d/b") = 0 <0.1>`, `7 2.2 fsync(4</r>) = 0 <0.1>`}, map[string]string{"a": "", "d": "folder"}},
		{"moved, only the new folder synced", []string{create, folder, named, `7 2.0 mkdirat(4</r>, "d", 0700) = 0 <0.1>`,
			`7 2.0 openat(4</r>, "d", O_RDONLY) = 5</r/d> <0.1>`, `7 2.1 fsync(4</r>) = 0 <0.1>`,
			`7 2.1 renameat(4</r>, "d/x", 4</r>, "x") = -1 ENOENT (No such file or directory) <0.1>`,
			`7 2.1 renameat(4</r>, "a", 5</r/d>, "b") = 0 <0.1>`, `7 2.2 fsync(5</r/d>) = 0 <0.1>`}, map[string]string{"a": "", "d": "folder"}},
		{"renamed and synced", []string{create, folder, named, `7 2.0 renameat2(4</r>, "a", 4</r>, "b", 0) = 0 <0.1>`,
			`7 2.1 fsync(4</r>) = 0 <0.1>`}, map[string]string{"b": ""}},
		{"removed, not synced", []string{create, folder, named, `7 2.0 unlinkat(4</r>, "a", 0) = 0 <0.1>`}, map[string]string{"a": ""}},
		{"another process's descriptor", []string{create, folder, named,
			`7 1.7 clone(child_stack=0, flags=CLONE_VM|CLONE_VFORK|SIGCHLD) = 20 <0.1>`,
			`20 1.8 execve("/bin/x", ["x"], 0x7 /* 3 vars */) = 0 <0.1>`,
			`20 1.9 openat(AT_FDCWD</x>, "/etc/hosts", O_RDONLY) = 3</etc/hosts> <0.1>`, `20 1.9 close(3</etc/hosts>) = 0 <0.1>`,
			`7 2.0 write(3</r/a>, "A", 1) = 1 <0.1>`, `7 3.0 fsync(3</r/a>) = 0 <0.1>`, `20 4.0 +++ exited with 0 +++`}, map[string]string{"a": "A"}},
		{"folder used before its maker returns", []string{
			`8 1.0 mkdirat(AT_FDCWD</x>, "/r/d", 0700 <unfinished ...>`,
			`7 1.1 openat(AT_FDCWD</x>, "/r/d", O_RDONLY) = 5</r/d> <0.1>`,
			`7 1.2 openat(AT_FDCWD</x>, "/r/d/f", O_RDWR|O_CREAT, 0600) = 3</r/d/f> <0.1>`, folder,
			`8 1.6 <... mkdirat resumed>) = 0 <0.6>`, named, `7 1.9 fsync(5</r/d>) = 0 <0.1>`,
			`7 2.0 renameat(AT_FDCWD</r/d>, "f", AT_FDCWD</r>, "a") = 0 <0.1>`, `7 2.1 unlinkat(4</r>, "d", AT_REMOVEDIR) = 0 <0.1>`,
			`7 2.2 fsync(4</r>) = 0 <0.1>`}, map[string]string{"a": ""}},
		{"sync of everything", []string{create, `7 2.0 write(3</r/a>, "A", 1) = 1 <0.1>`, `7 2.0 sync() = 0 <0.1>`}, map[string]string{"a": "A"}},
		{"killed within calls", []string{create, folder, named, `8 1.7 write(3</r/a>, "\x41" <detached ...>`, `7 1.7 ???( <detached ...>`, `9 1.7 <... ??? resumed>) = ?`,
			`9 1.7 fsync(3</r/a>) = ? <unavailable>`, `10 1.8 fsync(3</r/a> <unfinished ...>`, `10 1.9 <... fsync resumed>) = ?`,
			`7 1.9 +++ killed by SIGKILL +++`}, map[string]string{"a": ""}},
		{"files elsewhere", []string{`7 1.0 openat(AT_FDCWD</x>, "b", O_RDWR|O_CREAT, 0600) = 3</x/b> <0.1>`,
			`7 2.0 write(3</x/b>, "A", 1) = 1 <0.1>`, `7 2.0 write(5<socket:[77]>, "A", 1) = 1 <0.1>`, `7 3.0 fsync(3</x/b>) = 0 <0.1>`}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			trace := follow(t, tt.lines...)
			dir := filepath.Join(t.TempDir(), "cut")
			if err := trace.Rebuild(dir, trace.Last()); err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != len(tt.want) {
				t.Fatalf("left %v, %v; want %q", entries, err, tt.want)
			}
			for name, want := range tt.want {
				if want == "folder" {
					continue
				}
				if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
					t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
				}
			}
		})
	}
}

// What would make a rebuilt folder wrong is an error, never passed over.
func TestUnseenIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, line string }{
		{"descriptor from nowhere", `7 1.0 write(3</r/a>, "A", 1) = 1 <0.1>`},
		{"string cut short", `7 1.0 write(4</r/b>, "A"..., 100) = 100 <0.1>`},
		{"shared mapping", `7 1.0 mmap(NULL, 100, PROT_READ|PROT_WRITE, MAP_SHARED, 4</r/b>, 0) = 0x7f00 <0.1>`},
		{"copied in the kernel", `7 1.0 copy_file_range(9</x>, NULL, 4</r/b>, NULL, 10, 0) = 10 <0.1>`},
		{"symbolic link", `7 1.0 symlinkat("/etc", AT_FDCWD</r>, "l") = 0 <0.1>`},
		{"moved in from elsewhere", `7 1.0 renameat(AT_FDCWD</x>, "c", AT_FDCWD</r>, "c") = 0 <0.1>`},
		{"file that nobody made", `7 1.0 openat(AT_FDCWD</r>, "old", O_RDWR) = 5</r/old> <0.1>`},
		{"unknown call", `7 1.0 truncate64("/r/b", 3) = 0 <0.1>`},
		{"too few arguments", `7 1.0 pwrite64(4</r/b>) = 1 <0.1>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls, err := parse(strings.NewReader(`7 1.0 openat(AT_FDCWD</r>, "b", O_RDWR|O_CREAT, 0600) = 4</r/b> <0.1>` + "\n" + tt.line + "\n"))
			if err == nil {
				err = newModel("/r").run(calls)
			}
			if err == nil {
				t.Error("followed")
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("7 1.0 openat(AT_FDCWD</r>, \"\\x2fr\\x2fa\", O_RDWR|O_CREAT, 0600) = 3</r/a> <0.1>\n7 2.0 write(3</r/a>, \"A\", 1) = 1 <0.1>\n")
	f.Add("7 3.0 fsync(3</r/a> <unfinished ...>\n7 3.1 <... fsync resumed>) = 0 <0.1>\n7 4.0 +++ exited with 0 +++\n")
	f.Add("7 2.0 writev(3</r/a>, [{iov_base=\"A\", iov_len=1}], 1) = 1 <0.1>\n")
	f.Fuzz(func(t *testing.T, trace string) {
		calls, err := parse(strings.NewReader(trace))
		if err != nil {
			return
		}
		_ = newModel("/r").run(calls) // no panic: sizes and offsets are only numbers until a folder is rebuilt
	})
}
