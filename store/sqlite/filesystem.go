package sqlite

import "fmt"

// checkFilesystem refuses folders on network filesystems and the like. Their
// locks and their shared memory do not hold what SQLite's log needs, and the
// damage shows only later.
func checkFilesystem(dir string) error {
	kind, err := networkFilesystem(dir)
	if err != nil {
		return fmt.Errorf("sqlite: filesystem of %q: %w", dir, err)
	}
	if kind != "" {
		return fmt.Errorf("sqlite: %q is on %s, which does not keep SQLite's promises; use a folder on a local disk", dir, kind)
	}
	return nil
}
