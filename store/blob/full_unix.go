//go:build !windows

package blob

import (
	"errors"
	"fmt"
	"syscall"
)

// full marks errors that say that the disk, or the quota on it, is used up.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
