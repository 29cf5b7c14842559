//go:build !linux

package measure

import "time"

var started = time.Now()

// Processor is time by the clock, where the system does not tell what a process
// takes of processors.
func Processor() time.Duration { return time.Since(started) }
