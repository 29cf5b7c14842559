package axis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/journal"
)

// Options are what a desk is made of.
type Options struct {
	Service *exchange.Service
	Now     func() time.Time
	Log     *slog.Logger // nil discards
	Limits  edxml.Limits // of messages; zero: those of the axis
}

const (
	// heavyCalls is how many messages are in memory at once; further callers wait.
	heavyCalls = 3
	// heavyEach is how many one caller may have in progress, the waiting ones and those
	// that are being fetched included: a caller with many keeps nobody else waiting long.
	heavyEach = 8
)

// ReasonTooManyCalls refuses a caller who has too much in progress.
const ReasonTooManyCalls = "TOO_MANY_CALLS"

// A Desk takes messages in and gives them out. All doors of a node share one, so that its
// bound of memory is the node's.
type Desk struct {
	svc    *exchange.Service
	now    func() time.Time
	log    *slog.Logger
	limits edxml.Limits
	heavy  chan struct{}
	mu     sync.Mutex
	inside map[string]int // principal: messages in progress
}

// New makes a desk.
func New(o Options) (*Desk, error) {
	if o.Service == nil || o.Now == nil {
		return nil, errors.New("axis: want a service and a clock")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Limits == (edxml.Limits{}) {
		o.Limits = edxml.DefaultLimits()
	}
	return &Desk{svc: o.Service, now: o.Now, log: o.Log, limits: o.Limits, heavy: make(chan struct{}, heavyCalls), inside: make(map[string]int)}, nil
}

// Limits are those of messages.
func (d *Desk) Limits() edxml.Limits { return d.limits }

// A Caller is who brings or fetches a message.
type Caller interface {
	// Actor is the caller as the journal names it, with the staff that a message names.
	Actor(envelope.Staff) journal.Actor
	// May says why the caller, as a clerk, may not do what a method of the API does for an
	// agency (id), such as "DocumentService/SendDocument"; nil: it may.
	May(method, agency string) error
}

// enter waits until one more message may be in memory.
func (d *Desk) enter(ctx context.Context) (leave func(), err error) {
	select {
	case d.heavy <- struct{}{}:
		return func() { <-d.heavy }, nil
	case <-ctx.Done():
		return nil, &exchange.Error{Code: exchange.Unavailable, Reason: exchange.ReasonBusy, Text: "too many messages at once: ask again", Cause: ctx.Err()}
	}
}

// count counts a message in progress of a caller, who may have some.
func (d *Desk) count(who Caller) (leave func(), err error) {
	name := who.Actor(envelope.Staff{}).Principal
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inside[name] >= heavyEach {
		return nil, &exchange.Error{Code: exchange.Exhausted, Reason: ReasonTooManyCalls,
			Text: fmt.Sprintf("%q has %d messages in progress, at most so many are taken: end some first", name, heavyEach)}
	}
	d.inside[name]++
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.inside[name]--; d.inside[name] == 0 {
			delete(d.inside, name)
		}
	}, nil
}

// A counted is a message that counts until it is closed.
type counted struct {
	exchange.Blob
	leave func()
}

func (c *counted) Close() error {
	defer c.leave()
	return c.Blob.Close()
}

// Keep stores a message as a file of an agency (id). Its bytes go to disk as they come, and
// are compared with their digest before anything reads them.
func (d *Desk) Keep(ctx context.Context, who Caller, agency string, message io.Reader, digest envelope.Digest) error {
	limit := d.limits.Message
	actor := who.Actor(envelope.Staff{})
	up, err := d.svc.StartUpload(ctx, actor, exchange.UploadRequest{Agency: agency, Name: edxml.FolderMessage, MediaType: edxml.MediaType})
	if err != nil {
		return err
	}
	size, err := d.svc.WriteUpload(ctx, actor, up.ID, 0, io.LimitReader(message, limit+1))
	if err != nil {
		return err
	}
	if size > limit { // what came of it goes with the uploads that nobody finished
		return d.TooLarge()
	}
	_, err = d.svc.FinishUpload(ctx, actor, up.ID, size, digest)
	return err
}

// TooLarge is the refusal of a message over the limit.
func (d *Desk) TooLarge() error {
	return &edxml.Error{Reason: edxml.ReasonSize, Text: fmt.Sprintf("the message has more than %d bytes, which are the limit", d.limits.Message)}
}

// stored reads a message that is a file of an agency (id).
func (d *Desk) stored(ctx context.Context, agency string, digest envelope.Digest) (*edxml.Message, error) {
	_, blob, err := d.svc.OpenFile(ctx, agency, digest)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	return edxml.Read(io.NewSectionReader(blob, 0, blob.Size()), d.limits)
}

// is compares a code of a message with an agency, by what the directory knows.
func (d *Desk) is(code string, agency envelope.AgencyRef) bool {
	a, ok := d.svc.Directory().Agency(code)
	return ok && a.ID == agency.ID
}

// unknown reports that an agency has no such thing.
func unknown(err error) bool {
	var own *exchange.Error
	return errors.As(err, &own) && own.Code == exchange.NotFound
}
