package exchange

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"lienthong/envelope"
	"lienthong/exchange/calendar"
	"lienthong/journal"
	"lienthong/signer"
)

// A Config is what a node is made of.
type Config struct {
	ID            string              // node id, as the directory names it
	Signer        envelope.Signer     // key of the node's certificate, ECDSA P-256
	Authorities   []*x509.Certificate // who may sign the directory
	Store         Store
	Blobs         Blobs
	Validate      ValidateFunc    // judges a PDF; see [NewValidator]
	ValidateApart ValidateFunc    // the same in a process of its own, see [ErrCrashed]; nil: none
	Signing       *signer.Service // the door to keys; nil: this node has none
	Now           func() time.Time
	Log           *slog.Logger // nil discards
	Observe       Observer     // nil: nobody is told
	Trace         Tracer       // nil: nobody is told
	MaxFile       int64        // bytes of one file; 0 means 4 GiB
	MaxLetter     int64        // bytes of all files of a letter; 0 means 8 GiB
	Reserve       int64        // bytes that stay free where files are kept, see [space]; 0 means 256 MiB
	Quotas        Quotas       // what one neighbour, or one agency, may hold here
	Workers       int          // validations at once; 0 means 2

	Calendar *calendar.Calendar // working days and hours; nil: one that knows no year

	CheckpointEvery time.Duration // how often the parent is shown the head of the journal; 0 means a minute
	Stamp           StampFunc     // time-stamps heads of the journal; nil: nobody does
	StampEvery      time.Duration // how often; 0 means an hour

	WaitLevel   time.Duration // how long Send waits for a level that is queued; 0: not at all
	GiveUp      time.Duration // how long a level is tried for; 0 means 7 days
	RenewBefore time.Duration // how long before an archive time-stamp ends it is renewed; 0 means 30 days

	SendDelay map[string]time.Duration // agency (id or code, "*" for all) to how long what it sends waits here; see [Node.delay]

	Retention Retention // for how long what need not be kept for ever is kept, see [Node.Retain]
}

// A Node is what [Service] and [Relay] share: one store, one directory, one key.
type Node struct {
	cfg         Config
	incarnation envelope.ID
	signer      atomic.Pointer[envelope.Signer]
	restored    Restored
	quiet       atomic.Uint64 // leaves of the journal when only the answer to a shown head was new
	directory   atomic.Pointer[Directory]
	importing   sync.Mutex // one import at a time
	refused     refusals   // that are not written down yet
	twice       equivocations
	signs       perMinute                 // refusals
	alone       perMinute                 // statements about letters that are not here
	alarms      map[envelope.Digest]bool  // files by which an authority has signed two states
	moved       broadcast                 // the directory has changed
	rotating    sync.Mutex                // one change of the key at a time
	renewed     broadcast                 // this node has another certificate
	rerouted    atomic.Pointer[Directory] // by which waiting statements were looked at
	reroutedAt  atomic.Int64
	walking     walking
	clock       clockWatch
	heads       heads
	space       space
	hashes      hashCache
	leaves      leafCache
	activated   atomic.Bool // a person has opened a key: it is to be closed in time
	numbering   numbering
	filled      atomic.Bool // no filing is blank any more
	changed     broadcast   // after every commit
	writing     writing     // how commits go
	outboxes    signals     // by peer: rows or statements wait
	jobs        signals     // "": validation jobs wait; "level": level jobs
}

// NewNode opens a node over its store: it reads incarnation and directory.
func NewNode(cfg Config) (*Node, error) {
	if cfg.ID == "" || cfg.Store == nil || cfg.Blobs == nil || cfg.Now == nil || cfg.Signer.Certificate == nil {
		return nil, errors.New("exchange: a node needs an id, a key with its certificate, a store, blobs and a clock")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxFile <= 0 {
		cfg.MaxFile = 4 << 30
	}
	if cfg.MaxLetter <= 0 {
		cfg.MaxLetter = 8 << 30
	}
	if cfg.Reserve <= 0 {
		cfg.Reserve = 256 << 20
	}
	if cfg.Workers <= 0 {
		cfg.Workers = 2
	}
	if cfg.CheckpointEvery <= 0 {
		cfg.CheckpointEvery = DefaultCheckpointEvery
	}
	if cfg.StampEvery <= 0 {
		cfg.StampEvery = time.Hour
	}
	if cfg.Calendar == nil {
		cfg.Calendar = calendar.Plain()
	}
	cfg.levelDefaults()
	cfg.Quotas.defaults()
	cfg.observe()
	if cfg.Trace == nil {
		cfg.Trace = untraced{}
	}
	n := &Node{cfg: cfg}
	n.space.begin()
	n.signer.Store(&cfg.Signer)
	if cfg.Signing != nil && cfg.Signing.Suspended == nil {
		cfg.Signing.Suspended, cfg.Signing.Turn = n.KeySuspended, n.KeyTurn
	}
	ctx := context.Background()
	var err error
	if n.incarnation, err = cfg.Store.Incarnation(ctx); err != nil {
		return nil, fmt.Errorf("exchange: open node %q: %w", cfg.ID, err)
	}
	directory, err := n.storedDirectory(ctx)
	if err != nil {
		return nil, fmt.Errorf("exchange: open node %q: %w", cfg.ID, err)
	}
	n.directory.Store(directory)
	n.walking.begun = directory
	if err := n.beginAgain(ctx); err != nil {
		return nil, fmt.Errorf("exchange: open node %q: %w", cfg.ID, err)
	}
	return n, nil
}

// storedDirectory reads the directory that the store has; it may be empty.
func (n *Node) storedDirectory(ctx context.Context) (*Directory, error) {
	rows, err := n.cfg.Store.DirectoryRows(ctx)
	if err != nil {
		return nil, err
	}
	set, err := restore(rows, func(row DirectoryRow) (envelope.Sealed, error) {
		return n.cfg.Store.DirectoryFile(ctx, row.Kind, row.Zone, row.Epoch)
	})
	if err != nil {
		return nil, err
	}
	// What is stored was read when it was taken.
	return newDirectory(set, &zoneSet{})
}

// ID is the node's id.
func (n *Node) ID() string { return n.cfg.ID }

// Directory is the directory as it is now; it is never nil, and never changes.
func (n *Node) Directory() *Directory { return n.directory.Load() }

func (n *Node) now() int64 { return n.cfg.Now().UnixMicro() }

func (n *Node) newID() (envelope.ID, error) { return envelope.NewID(n.cfg.Now(), rand.Reader) }

// commit is the one way to write: after it, everyone who waits for changes looks again.
func (n *Node) commit(ctx context.Context, change Change) (Committed, error) {
	began := n.cfg.Now()
	ctx, end := n.span(ctx, spanCommit, envelope.ID{})
	n.writing.begin(began)
	done, err := n.cfg.Store.Commit(ctx, change)
	n.writing.end(n.cfg.Now(), err)
	end(err)
	n.cfg.Observe.Committed(&change, n.cfg.Now().Sub(began), err)
	if err != nil {
		return Committed{}, err
	}
	n.changed.notify()
	woken := map[string]bool{}
	for _, row := range change.Queue {
		woken[row.Peer] = true
	}
	for _, row := range change.Statements {
		if row.SendTo != "" {
			woken[row.SendTo] = true
		}
	}
	for peer := range woken {
		n.outboxes.wake(peer)
	}
	if len(change.Jobs) > 0 {
		n.jobs.wake("")
	}
	if len(change.LevelJobs) > 0 {
		n.jobs.wake("level")
	}
	return done, nil
}

// maxAttempts bounds how often an act decides anew because something was faster.
const maxAttempts = 50

// decide runs an act until nothing was faster than it. The act reads, decides and commits.
func (n *Node) decide(ctx context.Context, act func() error) error {
	var err error
	for range maxAttempts {
		if err = act(); !errors.Is(err, ErrStale) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("exchange: gave up after %d attempts: %w", maxAttempts, err)
}

// entry is a journal entry of what went well.
func (n *Node) entry(actor journal.Actor, agency, action, object, detail string) journal.Entry {
	return journal.Entry{Time: n.now(), Actor: actor, Agency: agency, Action: action, Object: object, Detail: detail, Outcome: journal.OutcomeOK}
}

// Record appends entries to the journal, for acts that write nothing else. It makes
// a Node a [signer.Journal].
func (n *Node) Record(ctx context.Context, entries ...journal.Entry) error {
	_, err := n.commit(ctx, Change{Entries: entries})
	return err
}

// broadcast lets any number of goroutines wait for the next event.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

// next is closed at the next event. Take it before looking.
func (b *broadcast) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) notify() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

// signals is a broadcast for each name.
type signals struct {
	mu sync.Mutex
	m  map[string]*broadcast
}

func (s *signals) of(name string) *broadcast {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = make(map[string]*broadcast)
	}
	b := s.m[name]
	if b == nil {
		b = &broadcast{}
		s.m[name] = b
	}
	return b
}

func (s *signals) wake(name string) { s.of(name).notify() }

func (s *signals) wakeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.m {
		b.notify()
	}
}
