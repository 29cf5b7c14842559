package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"lienthong/exchange"
	"lienthong/exchange/axis"
	"lienthong/exchange/edxml"
)

// An answer is what every call gives. ErrorDesc of a refusal begins with a stable reason.
type answer struct {
	Status    string `json:"status"` // OK or FAIL
	ErrorCode string `json:"ErrorCode"`
	ErrorDesc string `json:"ErrorDesc"`
	DocID     string `json:"DocId,omitempty"`
	Count     *int   `json:"count,omitempty"`
	Data      any    `json:"data,omitempty"`
}

// Codes of errors. Those up to 23 are of axes that are in use; the others are this door's own.
const (
	codeOK           = "0"
	codeFile         = "10" // the message or a file of it is damaged
	codeCredentials  = "15"
	codeReceiver     = "18" // a receiver is not found, or cannot be reached
	codeSender       = "19" // the sender is not the caller's
	codeSystem       = "20" // of this node: try again
	codeEdXML        = "22" // the message is not as it must be
	codeReceiverGone = "23" // a receiver was closed
	codeNotFound     = "24"
	codeForbidden    = "25"
	codeState        = "26" // right, but not in this state
	codeTooLarge     = "27"
	codeBusy         = "28" // try again
	codeTimestamp    = "29"
	codePolicy       = "30"
)

// byReason are codes that follow from the reason.
var byReason = map[string]string{
	reasonBadCredentials: codeCredentials, reasonTimestamp: codeTimestamp, reasonForbidden: codeForbidden, reasonPolicy: codePolicy,
	axis.ReasonSender: codeSender, exchange.ReasonTooLarge: codeTooLarge, exchange.ReasonDigestMismatch: codeFile,
	exchange.ReasonUnknownRecipient: codeReceiver, exchange.ReasonNoRoute: codeReceiver, exchange.ReasonRecipientClosed: codeReceiverGone,
	edxml.ReasonSize: codeTooLarge, edxml.ReasonAttachmentSize: codeTooLarge, edxml.ReasonZIPBomb: codeTooLarge,
	edxml.ReasonBase64: codeFile, edxml.ReasonMangled: codeFile, edxml.ReasonZIP: codeFile,
}

var byCode = map[exchange.Code]string{
	exchange.Invalid: codeEdXML, exchange.NotFound: codeNotFound, exchange.Exists: codeState, exchange.Precondition: codeState,
	exchange.Denied: codeForbidden, exchange.Exhausted: codeBusy, exchange.Unavailable: codeBusy,
}

// refusal is the answer to an error, and its reason; ok is false for what nobody expected.
func refusal(err error) (out answer, reason string, ok bool) {
	var own *exchange.Error
	var bad *edxml.Error
	switch {
	case errors.As(err, &own):
		reason = own.Reason
		out.ErrorCode = byCode[own.Code]
		for _, f := range own.Fields { // the first bad field says more than the whole
			if code, known := byReason[f.Reason]; known {
				out.ErrorCode = code
				break
			}
		}
		out.ErrorDesc = strings.TrimPrefix(own.Error(), "exchange: ")
	case errors.As(err, &bad):
		reason, out.ErrorCode, out.ErrorDesc = bad.Reason, codeEdXML, strings.TrimPrefix(bad.Error(), "edxml: "+bad.Reason+": ")
	default:
		return out, "", false
	}
	if code, known := byReason[reason]; known {
		out.ErrorCode = code
	}
	out.Status, out.ErrorDesc = "FAIL", reason+": "+out.ErrorDesc
	return out, reason, true
}

// refuse answers with an error. HTTP says 200: programs of the axis read ErrorCode.
func (c *call) refuse(err error) {
	out, reason, ok := refusal(err)
	log := c.log.With("call", c.r.URL.Path, "caller", c.principal.ID)
	level := slog.LevelInfo
	if !ok {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		reference := hex.EncodeToString(b[:])
		log.Error("gateway", "reference", reference, "error", err.Error())
		out = answer{Status: "FAIL", ErrorCode: codeSystem, ErrorDesc: "INTERNAL: internal error, reference " + reference}
	} else {
		if out.ErrorCode == codeCredentials || out.ErrorCode == codeForbidden || out.ErrorCode == codeTimestamp || out.ErrorCode == codeSender || reason == axis.ReasonTooManyCalls {
			c.opts.Refused(reason)
			if c.svc.Refused(c.principal.ID, c.r.URL.Path, reason) > loggedRefusals {
				level = slog.LevelDebug
			}
		}
		log.Log(context.WithoutCancel(c.ctx), level, "gateway", "code", out.ErrorCode, "reason", reason)
	}
	c.outcome = out.ErrorCode
	if c.answered { // the answer is half out: it must not look whole
		panic(http.ErrAbortHandler)
	}
	c.put(out)
}

func (c *call) ok(out answer) error {
	out.Status, out.ErrorCode = "OK", codeOK
	c.put(out)
	return nil
}

func (c *call) put(out answer) {
	c.begin()
	e := json.NewEncoder(c.w)
	e.SetEscapeHTML(false)
	_ = e.Encode(out) // who asked may have gone
}

// begin writes the header of an answer.
func (c *call) begin() {
	c.answered = true
	h := c.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	c.w.WriteHeader(http.StatusOK)
}
