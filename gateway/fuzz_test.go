package gateway_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lienthong/exchange"
	"lienthong/gateway"
	"lienthong/internal/testnode"
)

// FuzzCalls holds for whatever a program with a good token says: every call is answered with
// JSON that has a code, and none with that of an error which nobody expected (20).
func FuzzCalls(f *testing.F) {
	n := testnode.New(f)
	ward := n.Node("ward")
	door, err := gateway.New(gateway.Options{Service: ward.Service, Certificate: testnode.TLS(ward.Leaf()), Now: n.Now, Rate: 1 << 30})
	if err != nil {
		f.Fatal(err)
	}
	grant := exchange.Grant{Role: exchange.RoleClerk, Agency: testnode.Ward}
	ward.User(f, "qlvb", grant)
	_, secret := ward.Token(f, "qlvb", 300*24*time.Hour, grant)
	h := door.Handler()
	paths := []string{"/sendEdoc", "/getReceivedEdocList", "/getEdoc", "/updateStatus", "/getSentEdocList", "/getAgenciesListQD20", "/registerAgency"}
	const id = "0199f8a0-0000-7000-8000-000000000000"
	for i, s := range []struct{ query, body string }{
		{"messagetype=status", `<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXMLEnvelope><edXMLHeader><MessageHeader><From><OrganId>H55.13.05</OrganId></From><StatusCode>01</StatusCode></MessageHeader></edXMLHeader></edXMLEnvelope></edXML>`},
		{"messagetype=edoc", `{"from":"H55.13.05"}`},
		{"", `{"docId":"` + id + `.8.1"}`},
		{"", `{"docId":"` + id + `","status":"done"}`},
		{"docId=" + id, ""},
		{"", "level=2&x=%zz"},
		{"", `{"code":"H55.99","name":[1]}`},
	} {
		f.Add(uint8(i), s.query, []byte(s.body))
	}
	f.Add(uint8(0), "messagetype=edoc", []byte(`<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXMLEnvelope><edXMLHeader><MessageHeader><From><OrganId>H55.13.05</OrganId></From><To/></MessageHeader></edXMLHeader></edXMLEnvelope></edXML>`))
	f.Fuzz(func(t *testing.T, path uint8, query string, body []byte) {
		r := httptest.NewRequestWithContext(t.Context(), "POST", paths[int(path)%len(paths)], strings.NewReader(string(body)))
		r.URL.RawQuery = query
		sum := sha256.Sum256(body)
		for name, value := range map[string]string{"systemid": "qlvb", "secret": secret, "timestamp": n.Now().In(exchange.Vietnam).Format("02012006T150405") + "+0000",
			"from": "H55.13.05", "servicetype": "eDoc", "hash-file": hex.EncodeToString(sum[:])} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var out reply
		if err := json.Unmarshal(w.Body.Bytes(), &out); w.Code != http.StatusOK || err != nil || out.ErrorCode == "" || out.ErrorCode == "20" {
			t.Errorf("%s?%s %q: HTTP %d: %s", r.URL.Path, query, body, w.Code, w.Body)
		}
	})
}
