package exchange

import (
	"fmt"
	"strconv"
	"strings"
)

// A Code is the kind of an [Error]; the server has one switch over it.
type Code uint8

const (
	Invalid      Code = 1 // the request is wrong: see Fields
	NotFound     Code = 2
	Exists       Code = 3 // a request id was used with other content
	Precondition Code = 4 // right, but not in this state
	Denied       Code = 5
	Exhausted    Code = 6 // a limit, or no space
	Unavailable  Code = 7 // try again
)

// An Error is an answer to a caller. Reason is stable and fit for programs; Text
// is for people. What is no Error is internal, and only logged.
type Error struct {
	Code   Code
	Reason string // upper case, such as NO_ROUTE
	Text   string
	Fields []Field // for Invalid: every bad field at once
	Cause  error

	RetryAfter uint32 // seconds; 0: nobody knows
}

// A Field is one bad field of a request.
type Field struct {
	Path   string // such as "recipients[2].agency"
	Reason string // upper case
	Text   string
}

// Index is the place in a list that a path begins with: 2 of "recipients[2].agency".
func (f Field) Index(list string) (int, bool) {
	rest, is := strings.CutPrefix(f.Path, list+"[")
	number, _, closed := strings.Cut(rest, "]")
	n, err := strconv.Atoi(number)
	return n, is && closed && err == nil && n >= 0
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("exchange: ")
	b.WriteString(e.Text)
	for i, f := range e.Fields {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", f.Path, f.Text)
	}
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

func fail(code Code, reason, format string, args ...any) *Error {
	return &Error{Code: code, Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// Reasons of refusals, failures and holds. They are on the wire and in the
// journal: they never change.
const (
	ReasonNoRoute          = "NO_ROUTE"
	ReasonUnknownRecipient = "UNKNOWN_RECIPIENT"
	ReasonRecipientClosed  = "RECIPIENT_CLOSED" // it ended: its successor is named
	ReasonDigestMismatch   = "DIGEST_MISMATCH"
	ReasonTooLarge         = "TOO_LARGE"
	ReasonExpired          = "EXPIRED"
	ReasonHopLimit         = "HOP_LIMIT"
	ReasonBadSignature     = "BAD_SIGNATURE"
	ReasonUnknownOrigin    = "UNKNOWN_ORIGIN"
	ReasonMalformed        = "MALFORMED"
	ReasonBadChain         = "BAD_CHAIN"
	ReasonSpace            = "SPACE"
	ReasonQuota            = "QUOTA"        // its neighbour holds as much here as it may
	ReasonQuotaAgency      = "QUOTA_AGENCY" // its agency does
	ReasonQuotaNext        = "QUOTA_NEXT"   // as much waits for its next hop as may
	ReasonBusy             = "BUSY"
	ReasonTooMany          = "TOO_MANY_STATEMENTS" // of one node, one kind and one delivery
	ReasonTransfer         = "TRANSFER"            // a file could not be put
	ReasonDirectorySkew    = "DIRECTORY_SKEW"
	ReasonRefused          = "REFUSED"
	ReasonNotYet           = "NOT_BEFORE"
	ReasonNotUnderstood    = "NOT_UNDERSTOOD"
	ReasonSecret           = "SECRET"
	ReasonOperator         = "OPERATOR"   // an operator holds it
	ReasonRedirected       = "REDIRECTED" // an operator has sent it another way than the directory's
	ReasonDropped          = "DROPPED"
	ReasonOutOfZone        = "OUT_OF_ZONE" // a zone speaks for what is not its own
	ReasonRewritten        = "REWRITTEN"   // a directory takes back what an earlier epoch said
	ReasonAway             = "STORE_AWAY"
	ReasonRecalled         = "RECALLED"
	ReasonNotOrigin        = "NOT_ORIGIN"
	ReasonIncomplete       = "INCOMPLETE"
	ReasonBadLeaves        = "BAD_LEAVES" // a list of leaf hashes is not what the signed leaf root stands for
	ReasonNoLeaves         = "NO_LEAVES"  // a file is not given by its leaves
	ReasonBadLeaf          = "BAD_LEAF"   // a leaf of a file comes wrong again and again
)
