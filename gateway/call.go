package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/journal"
)

// A call is one call in progress, of a caller who is known.
type call struct {
	*Server
	ctx       context.Context
	w         http.ResponseWriter
	r         *http.Request
	principal exchange.Principal
	token     exchange.Token
	params    map[string]string // of a JSON body, by lower-case name
	answered  bool
	outcome   string // ErrorCode of the answer
}

// Reasons of refusals at this door; others are those of package exchange and exchange/edxml.
const (
	reasonBadCredentials = "BAD_CREDENTIALS"
	reasonTimestamp      = "TIMESTAMP"
	reasonForbidden      = "FORBIDDEN"
	reasonMissing        = "MISSING_FIELD"
	reasonPolicy         = "DIRECTORY_SIGNED"
)

func (s *Server) serve(w http.ResponseWriter, r *http.Request, f func(*call) error) {
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	c, began := &call{Server: s, ctx: ctx, w: w, r: r, outcome: codeOK}, s.opts.Now()
	defer func() { s.opts.Called(r.URL.Path, c.outcome, s.opts.Now().Sub(began)) }()
	if err := c.answer(f); err != nil {
		c.refuse(err)
	}
}

// answer does a call of a caller who is known and has not too many.
func (c *call) answer(f func(*call) error) error {
	if err := c.authenticate(); err != nil {
		return err
	}
	token := c.token.ID.String()
	if err := c.limits.enter(token, c.opts.Now()); err != nil {
		return err
	}
	defer c.limits.leave(token)
	return f(c)
}

// authenticate finds out who calls. Whoever is unknown, shows a wrong secret, or one of
// another user, hears the same.
func (c *call) authenticate() error {
	id, secret := c.r.Header.Get("systemid"), c.r.Header.Get("secret")
	principal, token, err := c.svc.Authenticate(c.ctx, secret)
	var refused *exchange.Error
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	if err != nil || principal.ID != id {
		return &exchange.Error{Code: exchange.Denied, Reason: reasonBadCredentials,
			Text: "systemid and secret are not those of a user of this node: want the id of a user, and the secret of a token of that user that is good"}
	}
	c.principal, c.token = principal, token
	return c.checkTime()
}

// skew is how far the clock of a caller may be from this node's.
const skew = 5 * time.Minute

// timestamps are ddMMyyyy'T'HHmmss+SSSS, in Vietnam's time: SSSS are milliseconds in four
// digits, as the SDK's format makes them, however much they look like a zone.
var timestamps = regexp.MustCompile(`^(\d{8}T\d{6})\+\d{4}$`)

func (c *call) checkTime() error {
	given := c.r.Header.Get("timestamp")
	bad := func(text string) error {
		return &exchange.Error{Code: exchange.Denied, Reason: reasonTimestamp, Text: text}
	}
	m := timestamps.FindStringSubmatch(given)
	if m == nil {
		return bad(fmt.Sprintf("timestamp is %.40q, want ddMMyyyy'T'HHmmss+SSSS in Vietnam's time, such as 30112026T083000+0000", given))
	}
	at, err := time.ParseInLocation("02012006T150405", m[1], exchange.Vietnam)
	if err != nil {
		return bad(fmt.Sprintf("timestamp is %.40q, which is no time", given))
	}
	if now := c.opts.Now(); at.Sub(now).Abs() > skew {
		return bad(fmt.Sprintf("timestamp is %s, here it is %s: want at most %s between, set the clock and the zone (Vietnam)",
			at.Format(time.RFC3339), now.In(exchange.Vietnam).Format(time.RFC3339), skew))
	}
	return nil
}

// Actor is the caller, as the journal names it.
func (c *call) Actor(staff envelope.Staff) journal.Actor {
	return journal.Actor{Principal: c.principal.ID, Staff: staff.ID, Token: c.token.ID.String()}
}

// May holds the caller to the role of a clerk of an agency (id), and the token to its
// methods: those of the gRPC calls that do the same.
func (c *call) May(method, agency string) error {
	if !c.token.Permits("/lienthong.v1." + method) {
		return forbidden("token %s is not for %s", c.token.ID, method)
	}
	if agency != "" && c.principal.May(exchange.RoleClerk, agency) {
		return nil
	}
	return forbidden("user %q is no clerk of this agency", c.principal.ID)
}

func forbidden(format string, args ...any) error {
	return &exchange.Error{Code: exchange.Denied, Reason: reasonForbidden, Text: fmt.Sprintf(format, args...)}
}

// agenciesOf lists the agencies (ids) for which the caller has one of the roles: all, or
// the one that the call names as "from".
func (c *call) agenciesOf(method string, roles ...exchange.Role) ([]string, error) {
	if !c.token.Permits("/lienthong.v1." + method) {
		return nil, forbidden("token %s is not for %s", c.token.ID, method)
	}
	named, only := c.param("from"), ""
	if named != "" {
		a, ok := c.svc.Directory().Agency(named)
		if !ok {
			return nil, forbidden("user %q has none of the roles %v for this agency", c.principal.ID, roles)
		}
		only = a.ID
	}
	var out []string
	seen := map[string]bool{}
	for _, g := range c.principal.Grants {
		for _, role := range roles {
			if g.Role == role && c.here(g.Agency) && !seen[g.Agency] && (only == "" || only == g.Agency) && c.principal.May(role, g.Agency) {
				seen[g.Agency] = true
				out = append(out, g.Agency)
			}
		}
	}
	if len(out) == 0 {
		return nil, forbidden("user %q has none of the roles %v for this agency", c.principal.ID, roles)
	}
	return out, nil
}

// here reports whether an agency (id) is at home at this node: one that has moved away keeps
// nobody from the others.
func (c *call) here(agency string) bool {
	a, ok := c.svc.Directory().Agency(agency)
	return ok && a.HomeNode == c.svc.ID()
}

// maxParams bounds a body of parameters.
const maxParams = 64 << 10

// param is a parameter of a call: a header, part of the query, of a form, or of a JSON object.
func (c *call) param(name string) string {
	if v := c.r.Header.Get(name); v != "" {
		return v
	}
	if v := c.r.URL.Query().Get(name); v != "" {
		return v
	}
	if c.params == nil {
		c.params = c.readParams()
	}
	return c.params[strings.ToLower(name)]
}

func (c *call) readParams() map[string]string {
	out := map[string]string{}
	if c.r.URL.Path == "/sendEdoc" { // whose body is the message
		return out
	}
	body, err := io.ReadAll(io.LimitReader(c.r.Body, maxParams))
	if err != nil { // a body that is none says nothing: what is wanted is then missing
		return out
	}
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&object) != nil {
		// Clients call JSON a form, too, so the type that a body is said to have says nothing.
		form, err := url.ParseQuery(string(body))
		for name, values := range form {
			if err == nil {
				out[strings.ToLower(name)] = values[0]
			}
		}
		return out
	}
	for name, value := range object {
		switch v := value.(type) {
		case string:
			out[strings.ToLower(name)] = v
		case json.Number:
			out[strings.ToLower(name)] = v.String()
		}
	}
	return out
}

func (c *call) need(name, want string) (string, error) {
	if v := c.param(name); v != "" {
		return v, nil
	}
	return "", missing(name, want)
}

func missing(name, want string) error {
	return &exchange.Error{Code: exchange.Invalid, Reason: reasonMissing, Text: fmt.Sprintf("%s is missing: want %s", name, want)}
}
