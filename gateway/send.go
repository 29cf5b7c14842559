package gateway

import (
	"encoding/hex"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/axis"
	"lienthong/exchange/edxml"
)

// kinds are the values of messagetype.
var kinds = map[string]edxml.Kind{"edoc": edxml.KindDocument, "status": edxml.KindStatus}

// sendEdoc takes a message: its bytes go to disk as they come, and are compared with
// hash-file before anything reads them.
func (c *call) sendEdoc() error {
	kind, ok := kinds[c.param("messagetype")]
	if !ok {
		return missing("messagetype", fmt.Sprintf("edoc or status, not %.40q", c.param("messagetype")))
	}
	if service := c.param("servicetype"); service != "" && service != "eDoc" {
		return missing("servicetype", fmt.Sprintf("eDoc, not %.40q", service))
	}
	from, err := c.sender()
	if err != nil {
		return err
	}
	sum, err := hex.DecodeString(c.param("hash-file"))
	if err != nil || len(sum) != len(envelope.Digest{}) {
		return missing("hash-file", "SHA-256 of the message, in hexadecimal")
	}
	digest := envelope.Digest(sum)
	if c.r.ContentLength > c.desk.Limits().Message {
		return c.desk.TooLarge()
	}
	if err := c.desk.Keep(c.ctx, c, from.ID, c.r.Body, digest); err != nil {
		return err
	}
	done, err := c.desk.Import(c.ctx, c, axis.Order{Agency: from, Message: digest, Kind: kind})
	if err != nil {
		return err
	}
	if done.Document == nil {
		return c.ok(answer{DocID: done.Delivery.String()})
	}
	out := answer{DocID: done.Document.Route.ID.String()}
	if kind == edxml.KindDocument {
		out.Data = map[string]string{"DocId": out.DocID}
	}
	return c.ok(out)
}

// sender is the agency that "from" names, if the caller may send for it. One that is not
// known is answered like one of others.
func (c *call) sender() (envelope.Agency, error) {
	code, err := c.need("from", "the code of the agency that sends")
	if err != nil {
		return envelope.Agency{}, err
	}
	agency, _ := c.svc.Directory().Agency(code)
	if !c.principal.May(exchange.RoleClerk, agency.ID) || agency.ID == "" {
		return agency, &exchange.Error{Code: exchange.Denied, Reason: axis.ReasonSender, Text: fmt.Sprintf("user %q is no clerk of agency %.40q", c.principal.ID, code)}
	}
	return agency, nil
}
