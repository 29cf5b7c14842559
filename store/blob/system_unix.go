//go:build !windows

package blob

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// full marks errors that say that the disk, or the quota on it, is used up.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// touch makes a file new for Sweep, by the kernel's clock.
func touch(path string) error {
	if err := unix.Utimes(path, nil); err != nil {
		return fmt.Errorf("blob: touch %q: %w", path, err)
	}
	return nil
}
