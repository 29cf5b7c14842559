package exchange_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testpg"
)

// database is the URL of a store that several processes of a node may share.
func database(t *testing.T) string {
	t.Helper()
	return storeIn(t, testpg.New(t))
}

// storeIn is the URL of a store in a database.
func storeIn(t *testing.T, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("blobs", t.TempDir())
	u.RawQuery = q.Encode()
	return u.String()
}

// silentStore is the store that a silent node says that it has.
var silentStore = envelope.ID{1, 6: 0x70, 8: 0x80}

// silent opens a link from a node that says hello and nothing more, to one replica of
// another. ended gives the error with which the replica leaves it.
func (w *world) silent(from string, to *testNode) (e *end, ended chan error) {
	w.t.Helper()
	p := &pipe{frames: map[string]chan exchange.Frame{from: make(chan exchange.Frame, 1024), to.id: make(chan exchange.Frame, 4)}, cut: make(chan struct{})}
	w.t.Cleanup(p.close)
	e, ended = &end{w, p, from, to.id}, make(chan error, 1)
	go func() { ended <- to.relay.Serve(context.Background(), from, &end{w, p, to.id, from}, nil) }()
	if err := e.Send(exchange.Hello{Node: from, Incarnation: silentStore, ProtocolMin: exchange.ProtocolMin, ProtocolMax: exchange.ProtocolMax, Clock: w.clock().UnixMicro()}); err != nil {
		w.t.Fatal(err)
	}
	return e, ended
}

// next reads frames until one is of the type that is wanted; a minute without is a failure.
func next[F exchange.Frame](t *testing.T, e *end) F {
	t.Helper()
	defer time.AfterFunc(time.Minute, e.p.close).Stop()
	for {
		frame, err := e.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if f, ok := frame.(F); ok {
			return f
		}
	}
}

// Two processes of the province's node share one database. The district's old link
// leads to the first, its new one to the second: what the first had offered goes over
// the new link, an answer that comes late over the old one moves nothing, and the first
// learns that it has the queue no more.
func TestNewerLinkAtAnotherProcess(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, map[string]string{"province": database(t)}, map[string]string{"province": "", "district": "province"},
		agencySpec{"a-province", "province"}, agencySpec{"a-district", "district"})
	first := w.node("province")
	w.setDown("district", "province", true)
	district := w.node("district")
	old, ended := w.silent("district", first)
	next[exchange.Hello](t, old)

	doc := first.send(letter(t, "a-province", "a-district"))
	offer := next[exchange.Offer](t, old) // claimed by the first, and never answered
	if got, ok := first.delivery(doc.Letter.Key, "a-district"); !ok || got.State != exchange.StateOffered {
		t.Fatalf("the letter is %s, want it offered", got.State)
	}

	second := w.start("province", "")
	w.setDown("district", "province", false)
	district.eventually("the letter over the new link", district.delivered(doc.Letter.Key, "a-district"))
	second.eventually("the receipt", second.delivered(doc.Letter.Key, "a-district"))

	// The old link answers now, that it will not have the letter before long.
	more := second.send(letter(t, "a-province", "a-district"))
	for _, key := range []exchange.LetterKey{doc.Letter.Key, more.Letter.Key} {
		if err := old.Send(exchange.Refused{Letter: key, Recipients: offer.Recipients, Reason: "busy", RetryAfter: 300}); err != nil {
			break // it has been closed already
		}
	}
	// Whatever the first does next over the old link shows it that there is a newer one.
	first.send(letter(t, "a-province", "a-district"))
	if err := <-ended; !errors.Is(err, exchange.ErrFenced) {
		t.Errorf("the old link ended with %v, want ErrFenced", err)
	}
	next[exchange.GoAway](t, old)
	third := first.send(letter(t, "a-province", "a-district"))
	for _, key := range []exchange.LetterKey{more.Letter.Key, third.Letter.Key} {
		first.eventually("a letter of either process", first.delivered(key, "a-district"))
	}
	first.verifyJournal()
	second.verifyJournal()
	district.verifyJournal()
}

// Two processes of the ward's node dial its parent: one link at a time. When its process
// stops, the other dials; and a directory that one imports is the other's, too.
func TestOneProcessDials(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, map[string]string{"ward": database(t)}, map[string]string{"district": "", "ward": "district"},
		agencySpec{"a-district", "district"}, agencySpec{"a-ward", "ward"})
	first := w.node("ward")
	first.eventually("a link", func() bool { return first.relay.HasLink("district") })
	second := w.start("ward", "")
	doc := second.send(letter(t, "a-ward", "a-district")) // goes over the link of the first
	second.eventually("the receipt", second.delivered(doc.Letter.Key, "a-district"))
	if second.relay.HasLink("district") || !first.relay.HasLink("district") {
		t.Errorf("first has a link: %t, second: %t; want the first alone", first.relay.HasLink("district"), second.relay.HasLink("district"))
	}
	d := w.directory
	d.Epoch++
	first.imports(d)
	second.eventually("the newer directory", func() bool { return second.core.Directory().Epoch == d.Epoch })

	first.stop()
	second.eventually("a link of its own", func() bool { return second.relay.HasLink("district") })
	doc = second.send(letter(t, "a-ward", "a-district"))
	second.eventually("the receipt", second.delivered(doc.Letter.Key, "a-district"))
	second.verifyJournal()
}
