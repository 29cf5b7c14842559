package wire

import (
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// HelloToProto converts what a node says of itself.
func HelloToProto(h exchange.Hello) (*lienthongv1.Hello, error) {
	m, err := FrameToProto(h)
	return m.GetHello(), err
}

// HelloFromProto converts what another node says of itself.
func HelloFromProto(m *lienthongv1.Hello) (exchange.Hello, error) {
	f, err := helloFromProto(m)
	if err != nil {
		return exchange.Hello{}, err
	}
	return f.(exchange.Hello), nil
}
