package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lienthong/client"
	"lienthong/exchange"
)

// A clerk asks a node on behalf of an agency. Where the node has several processes, each
// attempt may go to another.
type clerk struct {
	world  *world
	agency string
	node   string
	random *rand.Rand // of this clerk alone
	at     *process
	client *client.Client
}

func (w *world) clerk(agency string, random *rand.Rand) *clerk {
	return &clerk{world: w, agency: agency, node: homeOf(agency), random: random}
}

func (c *clerk) close() {
	if c.client != nil {
		c.client.Close()
		c.client = nil
	}
}

const (
	callLimit  = 5 * time.Second        // of one attempt
	retryPause = 100 * time.Millisecond // between two
)

// insist calls until there is an answer. What a node answers and will answer again is
// returned; that it could not be reached, was cut off or has no space now is not an
// answer.
func (c *clerk) insist(ctx context.Context, call func(context.Context, *client.Client) error) error {
	for {
		err := c.try(ctx, call)
		if err == nil || !passing(err) {
			return err
		}
		c.close()
		if !pause(ctx, retryPause) {
			return errors.Join(ctx.Err(), err)
		}
	}
}

// try calls once.
func (c *clerk) try(ctx context.Context, call func(context.Context, *client.Client) error) error {
	if err := c.connect(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return call(limited, c.client)
}

// connect makes a connection to one of the node's processes, if there is none.
func (c *clerk) connect() (err error) {
	if c.client != nil {
		return nil
	}
	all := c.world.of(c.node)
	c.at = all[c.random.IntN(len(all))]
	c.client, err = c.world.client(c.at, c.agency)
	return err
}

// passing reports whether an error says nothing about what was asked for.
func passing(err error) bool {
	if client.Retryable(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	var e *exchange.Error
	if errors.As(err, &e) {
		return e.Code == exchange.Exhausted
	}
	switch status.Code(err) {
	case codes.DeadlineExceeded, codes.Canceled, codes.Aborted, codes.Internal, codes.Unknown:
		return true
	}
	return false
}
