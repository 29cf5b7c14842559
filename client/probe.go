package client

import (
	"context"
	"fmt"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// probeLimit is how long one address may take to answer: a person waits.
const probeLimit = 5 * time.Second

// Probe implements [exchange.Prober].
func (d *Dialer) Probe(ctx context.Context, peer envelope.Node, address string, hello exchange.Hello) (exchange.Hello, error) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	pinned := d.certificates(peer)
	if len(pinned) == 0 {
		return exchange.Hello{}, fmt.Errorf("client: node %q has no certificate that is valid now", peer.ID)
	}
	c, err := Dial(Config{Address: address, Certificate: d.own(), Pinned: pinned})
	if err != nil {
		return exchange.Hello{}, err
	}
	defer c.Close()
	if err := c.Ready(ctx); err != nil {
		return exchange.Hello{}, err
	}
	own, err := wire.HelloToProto(hello)
	if err != nil {
		return exchange.Hello{}, err
	}
	answer, err := lienthongv1.NewPeerServiceClient(c.conn).Probe(ctx, &lienthongv1.ProbeRequest{Hello: own})
	if err != nil {
		return exchange.Hello{}, err
	}
	return wire.HelloFromProto(answer.GetHello())
}
