package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"
)

// drawNetwork does something to the way between two nodes.
func drawNetwork(r *round, random *rand.Rand) (*fault, error) {
	node := []string{"district", "province"}[random.IntN(2)] // to which its child dials
	var wires []*wire
	for _, p := range r.world.of(node) {
		wires = append(wires, r.world.wires[p.name])
	}
	if len(wires) > 1 && random.IntN(4) == 0 {
		return r.lead(wires, random), nil
	}
	if len(wires) > 1 && random.IntN(3) == 0 {
		wires = wires[:1] // the others are still reached
	}
	return moody(wires, random), nil
}

// drawDatabaseNetwork does something to the way from one or all processes of the province
// to their database.
func drawDatabaseNetwork(r *round, random *rand.Rand) (*fault, error) {
	var wires []*wire
	for _, p := range r.world.of("province") {
		wires = append(wires, r.world.database.wires[p.name])
	}
	if random.IntN(3) > 0 {
		i := random.IntN(len(wires))
		wires = wires[i : i+1]
	}
	return moody(wires, random), nil
}

// moody cuts, slows or stops wires.
func moody(wires []*wire, random *rand.Rand) *fault {
	var m mood
	kind := ""
	switch random.IntN(3) {
	case 0:
		m.cut, kind = true, "cut"
	case 1:
		m.stuck, kind = true, "half-open"
	case 2:
		m.delay = some(random, 5*time.Millisecond, 60*time.Millisecond)
		kind = "delayed by " + m.delay.Round(time.Millisecond).String()
	}
	var names []string
	for _, w := range wires {
		names = append(names, w.name)
	}
	set := func(m mood) func(context.Context) error {
		return func(context.Context) error {
			for _, w := range wires {
				w.set(m)
			}
			return nil
		}
	}
	return &fault{what: fmt.Sprintf("way to %s %s", strings.Join(names, ", "), kind), lasts: some(random, 300*time.Millisecond, 2*time.Second),
		begin: set(m), end: set(mood{})}
}

// lead makes the addresses of a node's processes lead to others of them: the next link
// comes to another process, while the old one may still be up.
func (r *round) lead(wires []*wire, random *rand.Rand) *fault {
	drop := random.IntN(2) == 0
	turn := 1 + random.IntN(len(wires)-1)
	befores := make([]func() (net.Conn, error), len(wires))
	return &fault{what: fmt.Sprintf("addresses of the province lead %d processes further, old connections broken: %t", turn, drop),
		lasts: some(random, 500*time.Millisecond, 2*time.Second),
		begin: func(context.Context) error {
			processes := r.world.of("province")
			for i, w := range wires {
				to := processes[(i+turn)%len(processes)].address
				befores[i] = w.lead(func() (net.Conn, error) { return net.Dial("tcp", to) }, drop)
			}
			if !drop {
				wires[0].drop1() // so that there is a new link, and the transfers of the old one stay
			}
			return nil
		},
		end: func(context.Context) error {
			for i, w := range wires {
				w.lead(befores[i], true)
			}
			return nil
		}}
}
