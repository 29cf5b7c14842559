package exchange

import (
	"context"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"lienthong/envelope"
	"lienthong/journal"
)

// request looks a request id up. It returns the row to store with the act (nil
// without an id), or the answer that was given before. The same id with other
// content is an error (AIP-155).
func (n *Node) request(ctx context.Context, actor journal.Actor, method, id, agency string, content envelope.Digest) (*Request, string, error) {
	if id == "" {
		return nil, "", nil
	}
	if len(id) > envelope.MaxID || !plainText(id) {
		return nil, "", &Error{Code: Invalid, Reason: "INVALID_REQUEST_ID", Text: "the request id is wrong",
			Fields: []Field{{"request_id", "TOO_LONG", fmt.Sprintf("has %d bytes, at most %d of plain text", len(id), envelope.MaxID)}}}
	}
	old, err := n.cfg.Store.Request(ctx, actor.Principal, method, id)
	if errors.Is(err, ErrNotFound) {
		old, err = n.returnedRequest(ctx, actor.Principal, method, id)
	}
	if errors.Is(err, ErrNotFound) {
		return &Request{Principal: actor.Principal, Method: method, ID: id, Agency: agency, Content: content, Time: n.now()}, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	if old.Content != content {
		return nil, "", fail(Exists, "REQUEST_ID_REUSED", "request id %q was used at %s with other content", id, timeText(old.Time))
	}
	return nil, old.Answer, nil
}

// agencyHere finds an active agency that this node is home to.
func (n *Node) agencyHere(idOrCode string) (envelope.Agency, error) {
	a, err := n.agencyOf(idOrCode)
	if err != nil {
		return a, err
	}
	if a.HomeNode != n.cfg.ID {
		return a, n.notAtHome(idOrCode, &a)
	}
	if a.Ended != 0 {
		return a, fail(Precondition, ReasonRecipientClosed, "%s", n.resolve(idOrCode, nil).text())
	}
	return a, nil
}

// agencyOf finds an agency that this node speaks for, ended or not: it is at home here, or
// was until lately, and then what came to it here is read and acknowledged here.
func (n *Node) agencyOf(idOrCode string) (envelope.Agency, error) {
	a, ok := n.Directory().Agency(idOrCode)
	if !ok {
		return a, fail(NotFound, "UNKNOWN_AGENCY", "agency %.80q is not in the directory (%s)", idOrCode, n.Directory().version())
	}
	if now := n.now(); !n.Directory().speaksFor(n.cfg.ID, a.ID, now, now) {
		return a, n.notAtHome(idOrCode, &a)
	}
	return a, nil
}

func (n *Node) notAtHome(idOrCode string, a *envelope.Agency) error {
	return fail(Precondition, "NOT_AT_HOME", "agency %q is at home at node %q, not here at %q", idOrCode, a.HomeNode, n.cfg.ID)
}

// storeError turns what a store answers into what a caller is told.
func storeError(err error) error {
	var own *Error
	switch {
	case err == nil, errors.As(err, &own):
		return err
	case errors.Is(err, ErrNotFound):
		return &Error{Code: NotFound, Reason: "NOT_FOUND", Text: "not found", Cause: err}
	case errors.Is(err, ErrFull):
		return &Error{Code: Exhausted, Reason: ReasonSpace, Text: "this node has no space left: nothing was taken", Cause: err}
	case errors.Is(err, ErrAway):
		return &Error{Code: Unavailable, Reason: ReasonAway, Text: "this node cannot reach its store now: ask again, with the same request id", Cause: err}
	case errors.Is(err, ErrMissing):
		return &Error{Code: Unavailable, Reason: "FILE_MISSING", Text: "a file went while it was being used: upload it again", Cause: err}
	}
	return err
}

// plainText reports whether s can stand on one line.
func plainText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}
