package signer

import "slices"

// A Level is a baseline level of PAdES (EN 319 142-1, 6).
type Level string

// The levels, each of which includes the ones before it.
const (
	LevelBB   Level = "B-B"
	LevelBT   Level = "B-T"   // with a time-stamp on the signature
	LevelBLT  Level = "B-LT"  // with the evidence to validate it
	LevelBLTA Level = "B-LTA" // with a time-stamp on the evidence
)

var levels = []Level{LevelBB, LevelBT, LevelBLT, LevelBLTA}

func (l Level) valid() bool { return slices.Contains(levels, l) }

// above reports whether l includes more than m.
func (l Level) above(m Level) bool { return slices.Index(levels, l) > slices.Index(levels, m) }
