package exchange

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// Bounds of one session. None of them is ever reached by an honest peer whose
// window is [Window].
const (
	maxWork        = 64 << 20 // bytes of frames that are being worked on
	maxTransfers   = 4        // larger files at once
	heartbeatPause = 15 * time.Second
	silenceBeats   = 4 // in which nothing comes: the link ends
	helloLimit     = 30 * time.Second
)

// A session is one link while it is up: four goroutines (receive, send, offers,
// statements) and the workers that the receiver starts. The receiver never sends.
type session struct {
	relay       *Relay
	peer        string
	link        Link // its epoch is set before the link is up
	conn        Conn
	beat        time.Duration // between heartbeats
	courier     Courier       // nil where the peer dialled
	greeted     atomic.Bool
	heard       atomic.Int64 // frames received, for the watch on silence
	hello       Hello        // of the peer, once greeted
	giving      atomic.Pointer[returning]
	handing     atomic.Pointer[handing]
	restored    atomic.Bool  // the peer goes on from a backup, as this session has found
	badHeads    atomic.Int32 // heads of the peer that were not cosigned
	stopShowing atomic.Bool  // the parent holds another head of this journal
	resend      atomic.Bool  // the peer may know now what statements are about that it did not store
	done        chan struct{}
	cancel      context.CancelCauseFunc
	ready       chan struct{} // closed when cancel is set

	workers sync.WaitGroup
	offers  *semaphore.Weighted // offers of the peer that are being taken
	work    *semaphore.Weighted // bytes of all frames that are being worked on
	turns   turns               // of transfers of larger files
	heads   chan struct{}       // of the receiver alone: closed when the peer's last head is worked on

	showing sync.Mutex
	shown   *Head // the head to which an answer is awaited; nil: none

	mu      sync.Mutex
	closed  bool       // no more workers
	answers answers    // to be sent before anything else
	outgo   chan Frame // offers and statements; sent when there are no answers
	window  window
	larger  map[LetterKey]slot // of the offers alone: what waits for room in the window
	breaker breaker
	starved starved  // letters of the peer that were refused for space
	news    roomNews // of space that the peer has again
	grants  grants   // to the peer
	purse   purse    // from the peer
	inbound inbound
	spread  spread
	told    *Directory                 // of which Hello spoke
	stood   map[[sha256.Size]byte]bool // by which certificates the peer was known then
	renewed <-chan struct{}            // closed when this node has another certificate than this link
}

func (r *Relay) session(peer string, conn Conn, courier Courier) *session {
	return &session{relay: r, peer: peer, link: Link{Peer: peer}, conn: conn, courier: courier, beat: r.heartbeat, done: make(chan struct{}), ready: make(chan struct{}),
		offers: semaphore.NewWeighted(Window), work: semaphore.NewWeighted(maxWork),
		answers: answers{wake: make(chan struct{}, 1)}, outgo: make(chan Frame), window: window{slots: map[*slot]bool{}, offered: map[DeliveryKey]*slot{}}, larger: map[LetterKey]slot{},
		inbound: inbound{files: map[string]*inboundFile{}, kept: map[*keeping]bool{}}, turns: turns{now: r.now}, renewed: r.renewed.next()}
}

// stop ends the session for a reason.
func (s *session) stop(err error) {
	<-s.ready
	s.cancel(err)
}

// serve runs the session until it ends; the error says why.
func (s *session) serve(ctx context.Context) error {
	ctx, s.cancel = context.WithCancelCause(ctx)
	close(s.ready)
	defer close(s.done)
	defer s.cancel(nil)
	if _, ok := s.relay.Directory().Node(s.peer); !ok || s.peer == s.relay.cfg.ID {
		return fmt.Errorf("exchange: link with %q: no such peer in the directory", s.peer)
	}
	if err := s.relay.own(ctx, s); err != nil {
		return err
	}
	defer s.relay.disown(s)
	if err := s.greet(ctx); err != nil {
		return err
	}
	// Rows that were offered on an earlier link and not answered are offered again.
	// The peer answers repeats as it did before.
	var err error
	if s.link, err = s.relay.cfg.Store.TakeLink(ctx, s.peer); err != nil {
		return err
	}
	changed, err := s.meet(ctx)
	if err != nil {
		return err
	}
	s.greeted.Store(true)
	if s.grants.on {
		if err := s.answer(s.grants.begin()); err != nil {
			return err
		}
	}
	s.relay.cfg.Log.Info("relay: link is up", "peer", s.peer, "dialled", s.courier != nil)
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{s.pumpOffers, s.pumpStatements, s.pumpDirectory, s.awaitRenewal, s.watch} {
		wg.Go(func() { s.cancel(run(ctx)) })
	}
	if s.showsHeads() {
		wg.Go(func() { s.cancel(s.pumpCheckpoints(ctx)) })
	}
	if changed {
		wg.Go(func() {
			if err := s.replay(ctx); err != nil {
				s.cancel(err) // and the next link begins it again
			}
		})
	}
	// These two may wait in Recv and Send until the stream ends, after this returns.
	go func() { s.cancel(s.receive(ctx)) }()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		s.cancel(s.send(ctx))
	}()
	<-ctx.Done()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	wg.Wait()
	s.workers.Wait()
	s.leave(ctx, s.stopsSending(sent))
	return context.Cause(ctx)
}

// greet exchanges Hello with the peer.
func (s *session) greet(ctx context.Context) error {
	s.told = s.relay.Directory()
	s.stood = s.told.standing(s.peer, s.relay.now())
	hello := s.relay.Hello()
	type result struct {
		frame Frame
		err   error
	}
	got := make(chan result, 1)
	go func() {
		frame, err := s.conn.Recv()
		got <- result{frame, err}
	}()
	sent := make(chan error, 1)
	go func() { sent <- s.conn.Send(hello) }()
	timer := time.NewTimer(helloLimit)
	defer timer.Stop()
	for range 2 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
			return s.fault(FaultSilent, "no Hello within %s", helloLimit)
		case err := <-sent:
			if err != nil {
				return err
			}
		case r := <-got:
			if r.err != nil {
				return s.faultOf(r.err)
			}
			if err := s.checkHello(r.frame); err != nil {
				s.blame(err, false)
				s.sayWhy(err)
				return err
			}
		}
	}
	return nil
}

// sayWhy tells the peer why there will be no link, so that its operator reads it too. The
// peer may not read any more: the link is closed either way.
func (s *session) sayWhy(err error) {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	s.goAway(ctx, err.Error())
}

// maxSkew is how far two clocks may differ before it is logged, in microseconds.
const maxSkew = 120_000_000

func (s *session) checkHello(frame Frame) error {
	if away, is := frame.(GoAway); is {
		return fmt.Errorf("exchange: link with %q: it does not speak with this node: %.300s", s.peer, away.Reason)
	}
	hello, ok := frame.(Hello)
	if !ok {
		return s.fault(FaultHello, "began with %T, want Hello", frame)
	}
	if hello.Node != s.peer {
		return s.fault(FaultHello, "it says that it is %.80q", hello.Node)
	}
	if hello.ProtocolMin > ProtocolMax || hello.ProtocolMax < ProtocolMin {
		return s.fault(FaultVersion, "it speaks protocol %d to %d, this node %d to %d", hello.ProtocolMin, hello.ProtocolMax, ProtocolMin, ProtocolMax)
	}
	s.hello = hello
	s.checkClock(hello.Clock)
	s.grants.on = contains(hello.Features, featureCredit)
	s.purse.on = s.grants.on
	s.starved.told = contains(hello.Features, featureRoom)
	s.news.begun = s.starved.told
	s.spread.speaks, s.spread.theirs = contains(hello.Features, FeatureZones), hello.Epochs
	return nil
}

func (s *session) checkClock(clock int64) {
	if skew := clock - s.relay.now(); skew > maxSkew || skew < -maxSkew {
		s.relay.cfg.Log.Warn("relay: clocks differ", "peer", s.peer, "seconds", skew/1_000_000)
	}
}

// watch sends heartbeats, and ends the session when nothing comes back.
func (s *session) watch(ctx context.Context) error {
	last, silent := int64(-1), time.Duration(0)
	pause := s.beat
	for wait(ctx, nil, pause) {
		if err := s.answer(Heartbeat{Clock: s.relay.now()}); err != nil {
			return err
		}
		if err := s.relay.cfg.Store.KeepLink(ctx, s.link); errors.Is(err, ErrFenced) {
			return err // other errors show where there is something to do
		}
		if heard := s.heard.Load(); heard != last {
			last, silent = heard, 0
			continue
		}
		if silent += pause; silent >= silenceBeats*pause {
			return s.fault(FaultSilent, "it is silent: no whole frame within %s", silenceBeats*pause)
		}
	}
	return context.Cause(ctx)
}

// answer queues a frame that goes before all offers. It does not wait. A peer that
// sends and never reads is cut off.
func (s *session) answer(frame Frame) error {
	if s.answers.add(frame) {
		return nil
	}
	err := s.fault(FaultNotReading, "it does not read: %d answers of %d bytes wait at most", maxAnswers, maxAnswerBytes)
	s.cancel(err)
	return err
}

// answerAll queues frames; where that fails it has ended the session.
func (s *session) answerAll(frames ...Frame) {
	for _, frame := range frames {
		if s.answer(frame) != nil {
			return
		}
	}
}

// send is the one goroutine that sends: answers first, then what the pumps have.
func (s *session) send(ctx context.Context) error {
	for {
		frame := s.answers.next()
		if frame == nil {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-s.answers.wake:
				continue
			case frame = <-s.outgo:
			}
		}
		if err := s.conn.Send(frame); err != nil {
			return err
		}
	}
}
