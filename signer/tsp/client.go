package tsp

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// A Client asks one authority over HTTP. It is safe for concurrent use.
type Client struct {
	URL     string
	HTTP    *http.Client          // http.DefaultClient if nil
	Timeout time.Duration         // of one request, reply included; DefaultTimeout if zero
	Policy  asn1.ObjectIdentifier // asked for and required if not nil
	Now     func() time.Time      // if not nil, the token's time must agree with it within Skew
	Skew    time.Duration         // DefaultSkew if zero
	Rand    io.Reader             // of the nonce; crypto/rand if nil
	// Slots, if not nil, bounds the calls to the authority at one time to its capacity;
	// clients of one authority share it. Waiting for a slot counts against Timeout.
	Slots chan struct{}
}

const (
	// DefaultTimeout is what a [Client] waits. An authority in production has
	// been measured to take between 2 and 131 seconds.
	DefaultTimeout = 180 * time.Second
	// DefaultSkew is how far an authority's clock may be from ours.
	DefaultSkew = 10 * time.Minute

	// MaxParallel is how many calls at one time authorities are known to bear.
	MaxParallel = 4

	maxReply     = 64 << 10
	maxRedirects = 3
)

// Stamp asks for a token that covers digest and checks that the reply is one:
// granted, of this digest, nonce and policy, soundly signed by a certificate
// for time-stamping, at a time that makes sense.
func (c *Client) Stamp(ctx context.Context, hash crypto.Hash, digest []byte) (*Token, error) {
	if len(digest) != hash.Size() {
		return nil, fmt.Errorf("tsp: digest of %d bytes is no %s", len(digest), hash)
	}
	nonce, err := c.nonce()
	if err != nil {
		return nil, err
	}
	req := &request{hash: hash, digest: digest, policy: c.Policy, nonce: nonce, certReq: true}
	body, err := req.encode()
	if err != nil {
		return nil, fmt.Errorf("tsp: encode the request: %w", err)
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	asked := c.now()
	reply, err := c.inTurn(ctx, body)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("tsp: %s: no answer within %s: %w", c.name(), timeout, err)
	}
	if err != nil {
		return nil, fmt.Errorf("tsp: %s: %w", c.name(), err)
	}
	token, err := parseResponse(reply)
	if err == nil {
		err = c.check(token, req, asked)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (answer of %s)", err, c.name())
	}
	return token, nil
}

// nonce returns 64 random bits, never 0, which some authorities drop.
func (c *Client) nonce() (*big.Int, error) {
	source := c.Rand
	if source == nil {
		source = rand.Reader
	}
	var buf [8]byte
	if _, err := io.ReadFull(source, buf[:]); err != nil {
		return nil, fmt.Errorf("tsp: draw a nonce: %w", err)
	}
	buf[0] |= 0x40
	return new(big.Int).SetBytes(buf[:]), nil
}

func (c *Client) now() time.Time {
	if c.Now == nil {
		return time.Time{}
	}
	return c.Now()
}

// name is the authority's URL without what may be secret in it.
func (c *Client) name() string {
	u, err := url.Parse(c.URL)
	if err != nil {
		return "authority with a malformed URL"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// inTurn posts when there is a slot.
func (c *Client) inTurn(ctx context.Context, body []byte) ([]byte, error) {
	if c.Slots == nil {
		return c.post(ctx, body)
	}
	select {
	case c.Slots <- struct{}{}:
		defer func() { <-c.Slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%d other requests to it are waiting for their answers: %w", cap(c.Slots), ctx.Err())
	}
	return c.post(ctx, body)
}

func (c *Client) post(ctx context.Context, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	req.Header.Set("Accept", "application/timestamp-reply")
	resp, err := c.client().Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %s, want 200", resp.Status)
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/timestamp-reply" {
		return nil, fmt.Errorf("the reply is %.80q, want application/timestamp-reply", resp.Header.Get("Content-Type"))
	}
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return nil, fmt.Errorf("read the reply: %w", err)
	}
	if len(reply) > maxReply {
		return nil, fmt.Errorf("the reply is larger than %d bytes", maxReply)
	}
	return reply, nil
}

// client follows redirects on the authority's own host alone: who answers elsewhere
// was not chosen by anybody here.
func (c *Client) client() *http.Client {
	client := *http.DefaultClient
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		switch {
		case len(via) > maxRedirects:
			return fmt.Errorf("more than %d redirects", maxRedirects)
		case next.URL.Host != via[0].URL.Host, next.URL.Scheme != via[0].URL.Scheme:
			return fmt.Errorf("it redirects to another host, %.80q: name that one if it is the authority", next.URL.Host)
		case next.Method != http.MethodPost:
			return fmt.Errorf("it redirects to a page (%s)", next.Method)
		}
		return nil
	}
	return &client
}

// withoutURL drops the URL that net/http puts before its errors: it is named
// already, and may hold a password.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

func (c *Client) check(t *Token, req *request, asked time.Time) error {
	switch {
	case t.Hash != req.hash:
		return fmt.Errorf("tsp: token is of %s, asked for %s", t.Hash, req.hash)
	case t.Nonce == nil || t.Nonce.Cmp(req.nonce) != 0:
		return errors.New("tsp: token has another nonce than the request: it may be an old one")
	case c.Policy != nil && !t.Policy.Equal(c.Policy):
		return fmt.Errorf("tsp: token is under policy %v, asked for %v", t.Policy, c.Policy)
	}
	if err := t.Verify(req.digest); err != nil {
		return err
	}
	if c.Now == nil {
		return nil
	}
	skew := c.Skew
	if skew == 0 {
		skew = DefaultSkew
	}
	if now := c.Now(); t.Time.Before(asked.Add(-skew)) || t.Time.After(now.Add(skew)) {
		return fmt.Errorf("tsp: token's time %s is more than %s away from this machine's %s: check both clocks",
			t.Time.Format(time.RFC3339), skew, now.UTC().Format(time.RFC3339))
	}
	return nil
}
