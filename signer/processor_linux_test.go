package signer_test

import (
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is what this process has taken of processors so far: unlike a
// clock's, it does not grow while others are at work.
func processorTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
