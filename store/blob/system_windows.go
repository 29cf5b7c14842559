package blob

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// full marks errors that say that the disk is used up.
func full(err error) error {
	if errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// touch makes a file new for Sweep, by the system's clock.
func touch(path string) error {
	var now windows.Filetime
	windows.GetSystemTimeAsFileTime(&now)
	if err := os.Chtimes(path, time.Time{}, time.Unix(0, now.Nanoseconds())); err != nil {
		return fmt.Errorf("blob: touch: %w", err)
	}
	return nil
}
