package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/gateway"
	"lienthong/internal/testnode"
)

// A token that calls too fast is told so, another one is not; refusals are counted, and
// every call is.
func TestRate(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	called, refused := map[string]int{}, map[string]int{}
	w := newWorld(t, edxml.Limits{}, func(o *gateway.Options) {
		o.Rate = 3
		o.Called = func(call, code string, _ time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			called[call+" "+code]++
		}
		o.Refused = func(reason string) {
			mu.Lock()
			defer mu.Unlock()
			refused[reason]++
		}
	})
	ward, other := w.program("ward", testnode.Ward, exchange.RoleClerk), w.program("ward", testnode.Ward, exchange.RoleReader)
	for range 3 {
		w.good(ward.call("GET", "/countReceiveEdoc", nil))
	}
	if r := ward.call("GET", "/countReceiveEdoc", nil); r.ErrorCode != "28" || !strings.HasPrefix(r.ErrorDesc, "TOO_MANY_CALLS: ") {
		t.Errorf("the fourth call of a minute: %+v", r)
	}
	w.good(other.call("GET", "/countReceiveEdoc", nil))
	ward.secret = "lienthong_x"
	if r := ward.call("GET", "/countReceiveEdoc", nil); r.ErrorCode != "15" {
		t.Errorf("a wrong secret: %+v", r)
	}
	mu.Lock()
	defer mu.Unlock()
	if called["/countReceiveEdoc 0"] != 4 || called["/countReceiveEdoc 28"] != 1 || called["/countReceiveEdoc 15"] != 1 {
		t.Errorf("counted: %v", called)
	}
	if refused["TOO_MANY_CALLS"] != 1 || refused["BAD_CREDENTIALS"] != 1 {
		t.Errorf("refused: %v", refused)
	}
}

// A token has as many calls in progress as it may have, and room again when one ends.
func TestCallsInProgress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edxml.Limits{}, func(o *gateway.Options) { o.MaxCalls = 1 })
	ward := w.program("ward", testnode.Ward, exchange.RoleClerk)
	slow, held := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), "POST", ward.url+"/getReceivedEdocList", io.MultiReader(strings.NewReader("{"), slow))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("systemid", ward.user)
	r.Header.Set("secret", ward.secret)
	r.Header.Set("timestamp", w.net.Now().In(exchange.Vietnam).Format("02012006T150405")+"+0000")
	ended := make(chan error, 1)
	go func() {
		answer, err := ward.http.Do(r)
		if err == nil {
			err = answer.Body.Close()
		}
		ended <- err
	}()
	// Its body has not ended, so the call is in progress until it has.
	until(t, func() bool { return ward.call("GET", "/countReceiveEdoc", nil).ErrorCode == "28" })
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return ward.call("GET", "/countReceiveEdoc", nil).ErrorCode == "0" })
}

// until asks again until something holds.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatal("it has not come about")
		case <-tick.C:
		}
	}
}
