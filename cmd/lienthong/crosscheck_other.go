//go:build !linux

package main

import (
	"runtime/debug"
	"time"
)

// limitSelf bounds the stack, and has the collector work hard near half of the
// memory; the parent ends a process that takes too long.
func limitSelf(memory uint64, stack int, _ time.Duration) error {
	debug.SetMaxStack(stack)
	debug.SetMemoryLimit(int64(memory) / 2)
	return nil
}
