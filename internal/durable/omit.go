package durable

import "sync/atomic"

// A Point names a sync, so that a test can leave it out and see that the loss
// is noticed: a power-cut test that passes without the syncs proves nothing.
type Point string

const (
	// Content is the fsync of a file's bytes before it gets its name.
	Content Point = "content"
	// Folder is the fsync of a folder after a name in it changed.
	Folder Point = "folder"
	// Progress is the fsync of a partial file before its offset is promised.
	Progress Point = "progress"
	// Commit is the sync of a database's log at each commit.
	Commit Point = "commit"
)

var omitted atomic.Pointer[Point]

// Omit leaves out every sync of the point p from now on, in this process, until
// the returned function is called. It is for the power-cut tests: a test of
// this package holds that no other code calls it.
func Omit(p Point) (restore func()) {
	before := omitted.Swap(&p)
	return func() { omitted.Store(before) }
}

// Omitted reports whether a test has switched the sync p off.
func Omitted(p Point) bool {
	o := omitted.Load()
	return o != nil && *o == p
}
