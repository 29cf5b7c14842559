package exchange

import (
	"context"
	"errors"
	"fmt"
)

// A Fault is what a peer did that ended its link. It is stable: in the refusals that are
// counted, and in what the peer is told.
type Fault string

const (
	FaultHello      Fault = "HELLO"       // it began with something else, or as somebody else
	FaultVersion    Fault = "VERSION"     // no version of the protocol in common
	FaultFrame      Fault = "FRAME"       // a frame that is unknown, out of place, or not in order
	FaultOverrun    Fault = "OVERRUN"     // more offers without an answer than it was granted
	FaultNotReading Fault = "NOT_READING" // it asks, and does not read the answers
	FaultSilent     Fault = "SILENT"      // it sends no frame that is whole
)

// A LinkError says why a link was ended because of what the peer did. It concerns that
// peer alone.
type LinkError struct {
	Peer  string
	Fault Fault
	Text  string
}

func (e *LinkError) Error() string {
	if e.Peer == "" {
		return e.Text // of the transport, which does not know whose it is
	}
	return fmt.Sprintf("exchange: link with %q: %s", e.Peer, e.Text)
}

func (s *session) fault(fault Fault, format string, args ...any) *LinkError {
	return &LinkError{Peer: s.peer, Fault: fault, Text: fmt.Sprintf(format, args...)}
}

// faultOf completes what the transport says of a frame that it could not read.
func (s *session) faultOf(err error) error {
	var fault *LinkError
	if errors.As(err, &fault) && fault.Peer == "" {
		return &LinkError{Peer: s.peer, Fault: fault.Fault, Text: fault.Text}
	}
	return err
}

// linkMethod is under which name faults of peers are counted among the refusals.
const linkMethod = "/lienthong.v1.RelayService/Link"

// blame counts a fault of the peer, and tells it, while it reads.
func (s *session) blame(err error, reads bool) {
	var fault *LinkError
	if !errors.As(err, &fault) {
		return
	}
	s.relay.Refused(PeerHolder(s.peer), linkMethod, string(fault.Fault))
	if reads && s.greeted.Load() {
		s.sayWhy(err)
	}
}

// stopsSending waits until the goroutine that sends has ended. Where the peer does not
// read it is stuck in its stream, which ends after the session, and it with that.
func (s *session) stopsSending(sent <-chan struct{}) bool {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	select {
	case <-sent:
		return true
	case <-ctx.Done():
		return false
	}
}
