package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/exchange/edxml"
	"lienthong/gateway"
	"lienthong/internal/testnode"
)

// A world is two nodes with a door each, and programs of the axis that know an address, a
// systemid and a secret.
type world struct {
	*testing.T
	net   *testnode.Network
	doors map[string]string // node: URL
}

func newWorld(t *testing.T, limits edxml.Limits, change ...func(*gateway.Options)) *world {
	t.Helper()
	return newWorldOver(t, testnode.New(t), limits, change...)
}

func newWorldOver(t *testing.T, n *testnode.Network, limits edxml.Limits, change ...func(*gateway.Options)) *world {
	t.Helper()
	w := &world{T: t, net: n, doors: map[string]string{}}
	for _, id := range []string{"ward", "district"} {
		node := w.net.Node(id)
		certificate := testnode.TLS(node.Leaf())
		certificate.Certificate = append(certificate.Certificate, w.net.PKI.CA.Certificate.Raw)
		options := gateway.Options{Service: node.Service, Certificate: certificate, Now: w.net.Now, Limits: limits}
		for _, f := range change {
			f(&options)
		}
		door, err := gateway.New(options)
		if err != nil {
			t.Fatal(err)
		}
		l, err := gateway.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- door.Serve(ctx, l, time.Second) }()
		t.Cleanup(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		w.doors[id] = "https://localhost:" + port
	}
	return w
}

// A program is an adapter at one node, for one agency.
type program struct {
	*world
	url, code, user, secret, stamp string
	http                           *http.Client
	chunked                        bool // the length of what it sends is not told
}

func (w *world) program(node, agency string, role exchange.Role) *program {
	w.Helper()
	user := "qlvb-" + agency + "-" + string(role)
	grant := exchange.Grant{Role: role, Agency: agency}
	w.net.Node(node).User(w, user, grant)
	_, secret := w.net.Node(node).Token(w, user, time.Hour, grant)
	roots := x509.NewCertPool()
	roots.AddCert(w.net.PKI.Root.Certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, Time: w.net.Now}}
	w.Cleanup(transport.CloseIdleConnections)
	return &program{world: w, url: w.doors[node], code: testnode.Code[agency], user: user, secret: secret, http: &http.Client{Transport: transport}}
}

// A reply is what a call answers.
type reply struct {
	Status, ErrorCode, ErrorDesc, DocID string
	Count                               int
	Data                                json.RawMessage
}

func (r *reply) UnmarshalJSON(text []byte) error {
	var out struct {
		Status    string          `json:"status"`
		ErrorCode string          `json:"ErrorCode"`
		ErrorDesc string          `json:"ErrorDesc"`
		DocID     string          `json:"DocId"`
		Count     int             `json:"count"`
		Data      json.RawMessage `json:"data"`
	}
	err := json.Unmarshal(text, &out)
	*r = reply(out)
	return err
}

// call makes a call; headers are those of the call besides the three of every call.
func (p *program) call(method, path string, body []byte, headers ...string) reply {
	p.Helper()
	var in io.Reader = bytes.NewReader(body)
	if p.chunked {
		in = struct{ io.Reader }{in}
	}
	r, err := http.NewRequestWithContext(p.Context(), method, p.url+path, in)
	if err != nil {
		p.Fatal(err)
	}
	stamp := p.stamp
	if stamp == "" {
		stamp = p.net.Now().In(exchange.Vietnam).Format("02012006T150405") + "+0123"
	}
	r.Header.Set("systemid", p.user)
	r.Header.Set("secret", p.secret)
	r.Header.Set("timestamp", stamp)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := p.http.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.Fatal(err)
	}
	var out reply
	if answer.StatusCode != http.StatusOK || json.Unmarshal(text, &out) != nil {
		p.Fatalf("%s: HTTP %d: %.500s", path, answer.StatusCode, text)
	}
	return out
}

func (p *program) send(kind string, message []byte) reply {
	p.Helper()
	sum := sha256.Sum256(message)
	return p.call("POST", "/sendEdoc", message, "from", p.code, "servicetype", "eDoc", "messagetype", kind, "hash-file", hex.EncodeToString(sum[:]))
}

// good fails the test unless a call went well.
func (w *world) good(r reply) reply {
	w.Helper()
	if r.Status != "OK" || r.ErrorCode != "0" {
		w.Fatalf("answer %+v, want OK", r)
	}
	return r
}

// A message is one of a list.
type message struct {
	DocID       string `json:"docId"`
	MessageType string `json:"messageType"`
	From, To    string
	Status      string `json:"status"`
}

func (p *program) list(kind string) []message {
	p.Helper()
	var out []message
	r := p.good(p.call("POST", "/getReceivedEdocList", nil, "servicetype", "eDoc", "messagetype", kind))
	if err := json.Unmarshal(r.Data, &out); err != nil {
		p.Fatal(err)
	}
	return out
}

// await polls a list, as adapters do, until it has so many messages.
func (p *program) await(kind string, n int) []message {
	p.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		list := p.list(kind)
		if len(list) == n {
			return list
		}
		select {
		case <-deadline.C:
			p.Fatalf("%d messages of type %s, want %d: %+v", len(list), kind, n, list)
		case <-tick.C:
		}
	}
}

func (p *program) get(id string) []byte {
	p.Helper()
	var text string
	if err := json.Unmarshal(p.good(p.call("POST", "/getEdoc", nil, "docId", id, "filePath", "/tmp/x.edxml")).Data, &text); err != nil {
		p.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		p.Fatal(err)
	}
	return data
}

func (p *program) update(id, state string) reply {
	p.Helper()
	return p.call("POST", "/updateStatus", []byte(`{"docId":"`+id+`","status":"`+state+`"}`), "Content-Type", "application/json")
}

// document is a letter of the ward to the district; change alters it before it is written.
func (w *world) document(number string, file []byte, change func(*edxml.Document)) []byte {
	w.Helper()
	d := &edxml.Document{
		From:       edxml.Organisation{OrganID: testnode.Code[testnode.Ward], Name: "UBND phường Ba Hàng", Address: "phường Ba Hàng"},
		To:         []edxml.Organisation{{OrganID: testnode.Code[testnode.District], Name: "UBND thị xã Phổ Yên"}},
		DocumentID: "H55.13.05,2026/11/20," + number + "/BC-UBND", CodeNumber: number, CodeNotation: "BC-UBND", Place: "Ba Hàng",
		PromulgationDate: "2026/11/20", Type: "2", TypeDetail: "0", TypeName: "Báo cáo", Subject: "Báo cáo thử nghiệm số " + number,
		Position: "Chủ tịch", FullName: "Đỗ Nghĩa Sĩ", Priority: "1", SteeringType: "0", ManifestVersion: "1.0", Sphere: "Nội vụ",
		Traces:   []edxml.Trace{{OrganID: testnode.Code[testnode.Ward], Timestamp: "2026/11/20 08:00:00"}},
		Business: edxml.Business{Type: edxml.OperationNew, Reason: "Văn bản điện tử mới", Paper: "0"},
	}
	if file != nil {
		a := edxml.Attachment{ContentID: "cid:1", Name: number + ".pdf", Description: "văn bản", ContentType: "application/pdf"}
		if err := a.Pack([]edxml.File{{Name: a.Name, Data: file}}, true); err != nil {
			w.Fatal(err)
		}
		d.Attachments = []edxml.Attachment{a}
		d.Manifest = []edxml.Entry{{ContentID: a.ContentID, ContentType: a.ContentType, Description: a.Description, Name: a.Name}}
	}
	if change != nil {
		change(d)
	}
	m, err := d.Message()
	if err != nil {
		w.Fatal(err)
	}
	return m.Bytes()
}

// status is one that the district reports about such a letter.
func (w *world) status(number, code, reason string) []byte {
	w.Helper()
	s := &edxml.Status{From: edxml.Organisation{OrganID: testnode.Code[testnode.District], Name: "UBND thị xã Phổ Yên"}, Code: code, Description: reason,
		ResponseFor: edxml.Reference{OrganID: testnode.Code[testnode.Ward], Code: number + "/BC-UBND", PromulgationDate: "2026/11/20",
			DocumentID: "H55.13.05,2026/11/20," + number + "/BC-UBND"}, Timestamp: "2026/11/21 09:00:00"}
	m, err := s.Message()
	if err != nil {
		w.Fatal(err)
	}
	return m.Bytes()
}
