//go:build linux || darwin || freebsd

package blob

import "golang.org/x/sys/unix"

// available is how many bytes a user without privileges may still write.
func available(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return uint64(max(s.Bavail, 0)) * uint64(s.Bsize), nil //nolint:unconvert // the widths differ from system to system
}
