package main

import (
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

// limitSelf bounds what this process may take from now on, in bytes and CPU time.
// RLIMIT_DATA counts what is written to, and not the addresses that Go's runtime
// sets aside; RLIMIT_FSIZE lets it write no file.
func limitSelf(memory uint64, stack int, cpu time.Duration) error {
	debug.SetMaxStack(stack)
	debug.SetMemoryLimit(int64(memory) / 2) // collect before the wall is near
	for _, l := range []struct {
		resource int
		limit    uint64
	}{{unix.RLIMIT_DATA, memory}, {unix.RLIMIT_CPU, uint64(cpu.Seconds()) + 1}, {unix.RLIMIT_CORE, 0}, {unix.RLIMIT_FSIZE, 0}} {
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.limit, Max: l.limit}); err != nil {
			return fmt.Errorf("limit this process: %w", err)
		}
	}
	return nil
}
