package gateway

import (
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/exchange/axis"
	"lienthong/exchange/edxml"
	"lienthong/exchange/notation"
)

const maxListed = 1000 // messages of one list; those that are done make room for the rest

var readers = []exchange.Role{exchange.RoleClerk, exchange.RoleReader}

// A received is a message in a list.
type received struct {
	DocID       string `json:"docId"`
	ServiceType string `json:"serviceType"`
	MessageType string `json:"messageType"`
	Created     string `json:"created_time"`
	Updated     string `json:"updated_time"`
	From        string `json:"from"`
	To          string `json:"to"`
	Status      string `json:"status"`
	StatusDesc  string `json:"status_desc"`
}

// describe are the words for what a program said of a message.
var describe = map[exchange.TransportState]string{exchange.TransportNew: "Chưa nhận", exchange.TransportProcessing: "Đang xử lý",
	exchange.TransportDone: "Đã nhận", exchange.TransportFailed: "Nhận lỗi"}

func (m *received) state(s exchange.TransportState) {
	m.ServiceType, m.Status, m.StatusDesc = "eDoc", strings.ToUpper(string(s)), describe[s]
}

// receivedList lists what has come and is not done: documents, or statuses of documents
// that the caller's agencies sent.
func (c *call) receivedList() error {
	kind := c.param("messagetype")
	if kind != "" && kind != "edoc" && kind != "status" {
		return missing("messagetype", "edoc or status")
	}
	agencies, err := c.agenciesOf("DeliveryService/ListDeliveries", readers...)
	if err != nil {
		return err
	}
	out := []received{}
	for _, agency := range agencies {
		if len(out) >= maxListed {
			break
		}
		rows, err := c.svc.Unfetched(c.ctx, agency, maxListed)
		if err != nil {
			return err
		}
		if out, err = c.listed(out, agency, rows, kind == "status"); err != nil {
			return err
		}
		if kind == "status" {
			if out, err = c.statuses(out, agency); err != nil {
				return err
			}
		}
	}
	return c.ok(answer{Data: out[:min(len(out), maxListed)]})
}

// listed adds deliveries. One that asks a document back (13) is a status on the axis.
func (c *call) listed(out []received, agency string, rows []exchange.Delivery, statuses bool) ([]received, error) {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID.String()
	}
	states, err := c.svc.Transports(c.ctx, c.principal.ID, ids)
	if err != nil {
		return nil, err
	}
	for _, d := range rows {
		if axis.TakeBack(&d) != statuses {
			continue
		}
		state := states[d.ID.String()]
		if state == exchange.TransportDone {
			continue
		}
		m := received{DocID: d.ID.String(), MessageType: "edoc", Created: timeOf(d.Created), Updated: timeOf(d.Updated), From: c.code(d.OriginAgency), To: c.code(agency)}
		if statuses {
			m.MessageType = "status"
		}
		m.state(state)
		out = append(out, m)
	}
	return out, nil
}

// statuses adds what receivers reported. Below the floor of this user and agency all is
// done, so that what was done long ago is not looked at again.
func (c *call) statuses(out []received, agency string) ([]received, error) {
	key := c.principal.ID + "\x00" + agency
	c.mu.Lock()
	floor := c.floors[key]
	c.mu.Unlock()
	open := false
	for more, next := true, floor; more && len(out) < maxListed; {
		var news []exchange.StatusNews
		var err error
		if news, next, more, err = c.svc.StatusNews(c.ctx, agency, next); err != nil {
			return nil, err
		}
		ids := make([]string, len(news))
		for i := range news {
			ids[i] = news[i].ID()
		}
		states, err := c.svc.Transports(c.ctx, c.principal.ID, ids)
		if err != nil {
			return nil, err
		}
		for i := range news {
			n := &news[i]
			state := states[n.ID()]
			if state == exchange.TransportDone {
				continue
			}
			if !open {
				open, floor = true, n.Delivery.Changed-1
			}
			m := received{DocID: n.ID(), MessageType: "status", Created: timeOf(n.Statement.Time), Updated: timeOf(n.Statement.Time),
				From: c.code(n.Delivery.Key.Recipient), To: c.code(agency)}
			m.state(state)
			out = append(out, m)
		}
		if !open {
			floor = next
		}
	}
	c.mu.Lock()
	c.floors[key] = floor
	c.mu.Unlock()
	return out, nil
}

// code is the code of an agency (id) now.
func (c *call) code(agency string) string {
	a, ok := c.svc.Directory().Agency(agency)
	if !ok {
		return agency
	}
	return exchange.CodeAt(a, c.opts.Now())
}

func timeOf(us int64) string {
	if us == 0 {
		return ""
	}
	return edxml.FormatTime(time.UnixMicro(us))
}

// count counts the documents that have come and are not done.
func (c *call) count() error {
	agencies, err := c.agenciesOf("DeliveryService/ListDeliveries", readers...)
	if err != nil {
		return err
	}
	n := 0
	for _, agency := range agencies {
		of, err := c.svc.CountUnfetched(c.ctx, agency)
		if err != nil {
			return err
		}
		n += of
	}
	return c.ok(answer{Count: &n, Data: n})
}

// errNoMessage is one for ids that are none, that nothing has, and that others have.
func errNoMessage() error {
	return &exchange.Error{Code: exchange.NotFound, Reason: "NOT_FOUND", Text: "there is no such docId among the messages of this caller"}
}

// unknown reports that an agency has no such thing.
func unknown(err error) bool {
	var own *exchange.Error
	return errors.As(err, &own) && own.Code == exchange.NotFound
}

// A found is a message that a docId names.
type found struct {
	agency string
	view   *exchange.DeliveryView
	status *exchange.Event // of a status that was reported about a document that the agency sent
}

// find finds what a docId names among what the caller's agencies received.
func (c *call) find(method string, roles ...exchange.Role) (*found, error) {
	agencies, err := c.agenciesOf(method, roles...)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(c.param("docId"), ".")
	id, err := envelope.ParseID(parts[0])
	if err != nil || len(parts) != 1 && len(parts) != 3 {
		return nil, errNoMessage()
	}
	for _, agency := range agencies {
		view, err := c.svc.Delivery(c.ctx, agency, id)
		if unknown(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		f := &found{agency: agency, view: view}
		if len(parts) == 1 && view.Delivery.Home && view.Delivery.Key.Recipient == agency {
			return f, nil
		}
		for i := range view.History {
			st := &view.History[i].Statement
			if len(parts) == 3 && st.Status != nil && strconv.Itoa(int(st.Kind)) == parts[1] && strconv.FormatUint(st.Sequence, 10) == parts[2] &&
				view.Delivery.OriginAgency == agency && view.Delivery.From == "" {
				f.status = &view.History[i]
				return f, nil
			}
		}
	}
	return nil, errNoMessage()
}

// updateStatus is the acknowledgement of transport. Of a document, done says that its files
// are stored (AcknowledgeDelivery, status 01); the business status is sent as a message.
func (c *call) updateStatus() error {
	state := exchange.TransportState(strings.ToLower(c.param("status")))
	f, err := c.find("DeliveryService/AcknowledgeDelivery", exchange.RoleClerk)
	if err != nil {
		return err
	}
	actor, message := c.Actor(envelope.Staff{}), c.param("docId")
	if state == exchange.TransportDone && f.status == nil && f.view.Delivery.Status == 0 && f.view.Delivery.Copy < exchange.CopyUpdated {
		var digests []envelope.Digest
		for _, file := range f.view.Document.Content.Files {
			digests = append(digests, file.SHA256)
		}
		if _, err := c.svc.Acknowledge(c.ctx, actor, f.agency, f.view.Delivery.ID, digests, envelope.Staff{}); err != nil {
			return err
		}
	}
	if err := c.svc.MarkTransport(c.ctx, actor, f.agency, message, state); err != nil {
		return err
	}
	return c.ok(answer{DocID: message})
}

// getEdoc gives a message in base64: the very bytes that the sender wrote, where they came
// along, else one that is made of the letter.
func (c *call) getEdoc() error {
	f, err := c.find("DeliveryService/GetDelivery", readers...)
	if err != nil {
		return err
	}
	asked := axis.FoundDelivery(f.agency, f.view)
	if f.status != nil {
		asked = axis.FoundStatus(f.view, &f.status.Statement)
	}
	message, err := c.desk.Export(c.ctx, c, asked)
	if err != nil {
		return err
	}
	defer message.Close()
	c.begin()
	// Base64 needs no escapes in JSON.
	_, _ = io.WriteString(c.w, `{"status":"OK","ErrorCode":"0","ErrorDesc":"","data":"`)
	b := base64.NewEncoder(base64.StdEncoding, c.w)
	if _, err := io.Copy(b, io.NewSectionReader(message, 0, message.Size())); err != nil {
		return err
	}
	if err := b.Close(); err != nil {
		return err
	}
	_, _ = io.WriteString(c.w, "\"}\n")
	return nil
}

// sentList says what has become of a document that was sent, recipient by recipient.
func (c *call) sentList() error {
	type row struct {
		SenderDocID       string `json:"senderDocId"`
		ReceiverDocID     string `json:"receiverDocId"`
		FromCode          string `json:"fromCode"`
		ToCode            string `json:"toCode"`
		Title             string `json:"title"`
		Notation          string `json:"notation"`
		SentTime          string `json:"sentTime"`
		ReceivedTime      string `json:"receivedTime"`
		SendStatus        string `json:"sendStatus"`
		SendStatusDesc    string `json:"sendStatusDesc"`
		ReceiveStatus     string `json:"receiveStatus"`
		ReceiveStatusDesc string `json:"receiveStatusDesc"`
	}
	agencies, err := c.agenciesOf("DocumentService/GetDocument", readers...)
	if err != nil {
		return err
	}
	id, err := envelope.ParseID(c.param("docId"))
	if err != nil {
		return errNoMessage()
	}
	for _, agency := range agencies {
		doc, err := c.svc.Document(c.ctx, agency, id)
		if unknown(err) {
			continue
		}
		if err != nil {
			return err
		}
		m, out := &doc.Content.Metadata, []row{}
		for i := range doc.Deliveries {
			d := &doc.Deliveries[i]
			r := row{SenderDocID: id.String(), ReceiverDocID: d.ID.String(), FromCode: c.code(agency), ToCode: c.code(d.Key.Recipient), Title: m.Subject,
				Notation: notation.Join(m.Number, m.Symbol), SentTime: timeOf(doc.Route.Created), ReceivedTime: timeOf(d.Arrived)}
			r.SendStatus, r.SendStatusDesc = sendState(d)
			r.ReceiveStatus, r.ReceiveStatusDesc = "INITIAL", describe[exchange.TransportNew]
			if d.Status != 0 {
				r.ReceiveStatus, r.ReceiveStatusDesc = "DONE", describe[exchange.TransportDone]
			}
			out = append(out, r)
		}
		return c.ok(answer{Data: out})
	}
	return errNoMessage()
}

// sendState is where a delivery stands, in the words of the axis, and in ours.
func sendState(d *exchange.Delivery) (state, text string) {
	text = d.State.String()
	if d.Reason != "" {
		text += " " + d.Reason
	}
	switch d.State {
	case exchange.StateDelivered:
		return "DONE", text
	case exchange.StateFailed, exchange.StateStopped, exchange.StateDropped, exchange.StateDead:
		return "FAIL", text
	case exchange.StateOffered, exchange.StateRelayed, exchange.StateInDoubt:
		return "PROCESSING", text
	}
	return "INITIAL", text
}
