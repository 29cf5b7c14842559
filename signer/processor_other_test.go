//go:build !linux

package signer_test

import "time"

var started = time.Now()

// processorTime is time by the clock, where the system does not tell what a process
// takes of it.
func processorTime() time.Duration { return time.Since(started) }
