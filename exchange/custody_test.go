package exchange_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
)

// The rule of custody, against any order of events: letters are sent, offers are
// made, answers are lost, operators hold, redirect, send again and drop, agencies move, nodes hear of it late or not yet, links are
// begun again, time passes. After every step, for every recipient of every letter,
// some node answers: it has a live row, or is the recipient's home, or a node has
// signed that it failed or was dropped. When all have heard the same and links work, every letter
// ends, at home or failed. Some seeds are always tried, and some are drawn; LIENTHONG_SEED repeats one.
func TestSomebodyAlwaysAnswers(t *testing.T) {
	t.Parallel()
	fixed, drawn := 12, 4
	if testing.Short() {
		fixed, drawn = 2, 1
	}
	var seeds []uint64
	for seed := range fixed {
		seeds = append(seeds, uint64(seed))
	}
	for range drawn {
		seeds = append(seeds, rand.Uint64())
	}
	if s := os.Getenv("LIENTHONG_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			c := newCustody(t, seed)
			for range 120 {
				c.step()
				c.check()
			}
			c.quiesce()
		})
	}
}

// custody is a world that is driven step by step: no node runs by itself.
type custody struct {
	*world
	t       *testing.T
	seed    uint64
	random  *rand.Rand
	ids     []string
	letters []exchange.LetterKey
	to      map[exchange.LetterKey][]string
	trace   []string
}

func newCustody(t *testing.T, seed uint64) *custody {
	t.Helper()
	w := newWorld(t, nil, agencySpec{"x", "a"}, agencySpec{"y", "b"}, agencySpec{"z", "d"})
	c := &custody{world: w, t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 99)), ids: []string{"a", "b", "c", "d"}, to: map[exchange.LetterKey][]string{}}
	// a, b below c; d below b, and a short cut from a to d.
	for id, parent := range map[string]string{"a": "c", "b": "c", "c": "", "d": "b"} {
		w.keys[id] = w.key(id)
		node := envelope.Node{ID: id, Parent: parent, Addresses: []string{id}, Certificates: []envelope.NodeCertificate{{Certificate: w.keys[id].Certificate.Raw}}}
		if id == "a" {
			node.Dials = []string{"d"}
		}
		w.directory.Nodes = append(w.directory.Nodes, node)
	}
	for _, id := range c.ids {
		n := w.open(id, t.TempDir())
		w.nodes[id] = n
		t.Cleanup(func() { n.store.Close() })
	}
	return c
}

func (c *custody) pick() *testNode { return c.nodes[c.ids[c.random.IntN(len(c.ids))]] }

func (c *custody) note(format string, args ...any) {
	c.trace = append(c.trace, fmt.Sprintf(format, args...))
}

func (c *custody) fatal(format string, args ...any) {
	c.t.Helper()
	for _, line := range c.trace {
		c.t.Log(line)
	}
	c.t.Logf("LIENTHONG_SEED=%d", c.seed)
	c.t.Fatalf(format, args...)
}

func (c *custody) step() {
	switch c.random.IntN(12) {
	case 0:
		c.send()
	case 1:
		// An agency moves; some nodes hear of it.
		d := c.directory
		d.Epoch++
		d.Agencies = append([]envelope.Agency(nil), d.Agencies...)
		moved := &d.Agencies[c.random.IntN(len(d.Agencies))]
		moved.FormerHomes = append(append([]envelope.FormerHome(nil), moved.FormerHomes...), envelope.FormerHome{Node: moved.HomeNode, Until: 1 << 60})
		moved.HomeNode = c.ids[c.random.IntN(len(c.ids))]
		c.directory = d
		c.note("directory %d: x at %s, y at %s, z at %s", d.Epoch, d.Agencies[0].HomeNode, d.Agencies[1].HomeNode, d.Agencies[2].HomeNode)
		c.tell(c.pick())
	case 2:
		c.tell(c.pick())
	case 3:
		c.advance(time.Duration(c.random.IntN(90)) * time.Second)
		n := c.pick()
		c.note("%s tends", n.id)
		if err := n.core.Tend(context.Background()); err != nil {
			c.fatal("tend: %v", err)
		}
	case 4, 5:
		c.operate(c.pick())
	default:
		c.exchange(c.pick(), c.random.IntN(3) == 0)
	}
}

func (c *custody) tell(n *testNode) {
	if n.core.Directory().Epoch < c.directory.Epoch {
		c.note("%s hears of directory %d", n.id, c.directory.Epoch)
		n.imports(c.directory)
	}
}

func (c *custody) send() {
	n := c.pick()
	for _, a := range n.core.Directory().Agencies {
		if a.HomeNode != n.id {
			continue
		}
		doc, err := n.service.Send(context.Background(), clerk, letter(c.t, a.ID, "x", "y", "z"))
		if err != nil {
			c.fatal("send: %v", err)
		}
		c.letters = append(c.letters, doc.Letter.Key)
		c.to[doc.Letter.Key] = []string{"x", "y", "z"}
		c.note("%s sends letter %d", n.id, len(c.letters)-1)
		return
	}
}

// exchange lets a node offer to each peer what waits; some answers are lost, and a
// lost answer means a new link, on which all is offered again.
func (c *custody) exchange(n *testNode, lossy bool) {
	ctx := context.Background()
	for _, id := range c.ids {
		if id == n.id {
			continue
		}
		peer := c.nodes[id]
		offers, err := n.relay.OffersFor(ctx, id)
		if err != nil {
			c.fatal("offers: %v", err)
		}
		lost := false
		for _, offer := range offers {
			for _, answer := range peer.relay.TakeOffer(ctx, n.id, offer) {
				if lossy && c.random.IntN(2) == 0 {
					lost = true
					c.note("%s loses %T of %s", n.id, answer, id)
					continue
				}
				c.note("%s has %T of %s", n.id, answer, id)
				if err := n.relay.SettleAnswer(ctx, id, answer); err != nil {
					c.note("%s does not settle: %v", n.id, err)
				}
			}
		}
		if lost {
			if _, err := n.store.TakeLink(ctx, id); err != nil {
				c.fatal("rewind: %v", err)
			}
		}
		frame, digests, err := n.relay.StatementsFor(ctx, id)
		if err != nil {
			c.fatal("statements: %v", err)
		}
		if len(digests) > 0 && peer.relay.SettleStatements(ctx, n.id, frame) == nil && !lossy {
			if err := n.store.StatementsSent(ctx, id, digests); err != nil {
				c.fatal("sent: %v", err)
			}
		}
	}
}

// answering says who answers for a recipient of a letter, and how.
func (c *custody) answering(key exchange.LetterKey, recipient string) (string, bool) {
	all, ok := "", false
	for _, id := range c.ids {
		d, here := c.nodes[id].delivery(key, recipient)
		if !here {
			continue
		}
		all += fmt.Sprintf(" %s: %s %s to %q;", id, d.State, d.Reason, d.Peer)
		switch d.State {
		case exchange.StateQueued, exchange.StateOffered, exchange.StateHeld, exchange.StateInDoubt, exchange.StateDead, exchange.StateFailed, exchange.StateDropped:
			ok = true
		case exchange.StateDelivered:
			ok = ok || d.Home
		}
	}
	return all, ok
}

func (c *custody) check() {
	c.t.Helper()
	for i, key := range c.letters {
		for _, recipient := range c.to[key] {
			if all, ok := c.answering(key, recipient); !ok {
				c.fatal("nobody answers for letter %d to %q:%s", i, recipient, all)
			}
		}
	}
}

// quiesce lets all hear of the newest directory, and links work, until every letter
// has ended.
func (c *custody) quiesce() {
	c.t.Helper()
	for range 60 {
		for _, id := range c.ids {
			n := c.nodes[id]
			c.tell(n)
			c.releaseAll(n)
			if err := n.core.Tend(context.Background()); err != nil {
				c.fatal("tend: %v", err)
			}
			for _, peer := range c.ids {
				if _, err := n.store.TakeLink(context.Background(), peer); err != nil {
					c.fatal("rewind: %v", err)
				}
			}
			c.exchange(n, false)
		}
		c.check()
		c.advance(61 * time.Second)
		if c.ended() {
			return
		}
	}
	for i, key := range c.letters {
		for _, recipient := range c.to[key] {
			all, _ := c.answering(key, recipient)
			c.note("letter %d to %q:%s", i, recipient, all)
		}
	}
	c.fatal("letters are still under way")
}

// ended reports whether nothing waits anywhere, and every letter is at a home, or has failed.
func (c *custody) ended() bool {
	for _, key := range c.letters {
		for _, recipient := range c.to[key] {
			end := false
			for _, id := range c.ids {
				d, here := c.nodes[id].delivery(key, recipient)
				if !here {
					continue
				}
				switch d.State {
				case exchange.StateQueued, exchange.StateOffered, exchange.StateHeld, exchange.StateInDoubt, exchange.StateDead:
					return false
				case exchange.StateFailed, exchange.StateDropped:
					end = true
				case exchange.StateDelivered:
					end = end || d.Home
				}
			}
			if !end {
				return false
			}
		}
	}
	return true
}
