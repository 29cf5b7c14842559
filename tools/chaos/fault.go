package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// A fault is one thing that goes wrong in a round.
type fault struct {
	family string
	what   string // goes wrong, in words
	at     time.Duration
	lasts  time.Duration
	alone  string // node whose processes and disk no other fault of the round touches
	// prepare comes before the load; begin and end are the fault. prepare and end may be nil.
	prepare, begin, end func(context.Context) error
}

// A family of faults is drawn from once in each of its rounds.
type family struct {
	name  string
	every int                                      // it is drawn in each round whose number this divides
	draw  func(*round, *rand.Rand) (*fault, error) // nil: nothing in this round
}

// errUnavailable says why a family cannot run here.
var errUnavailable = errors.New("cannot run here")

// families in the order in which they are drawn: those that need a node for themselves first.
var families = []family{
	{"restore", restoreEvery, drawRestore},
	{"power", 4, drawPower},
	{"kill", 1, drawKill},
	{"network", 1, drawNetwork},
	{"database-network", 1, drawDatabaseNetwork},
	{"database", 1, drawDatabase},
	{"disk", 4, drawDisk},
	{"clock", 1, drawClock},
}

// drawFaults draws one fault of each family whose turn it is.
func (c *campaign) drawFaults(r *round) error {
	for _, f := range families {
		if !c.options.wants(f.name) || r.number%f.every != 0 || c.missing[f.name] != "" {
			continue
		}
		random := r.rand("fault " + f.name)
		drawn, err := f.draw(r, random)
		if errors.Is(err, errUnavailable) {
			c.missing[f.name] = err.Error()
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if drawn == nil {
			continue
		}
		drawn.family = f.name
		drawn.at = time.Duration(random.Int64N(int64(r.load * 3 / 4)))
		r.faults = append(r.faults, drawn)
	}
	return nil
}

// some draws a duration between two.
func some(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}
