package blob

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows"
)

// full marks errors that say that the disk is used up.
func full(err error) error {
	if errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
