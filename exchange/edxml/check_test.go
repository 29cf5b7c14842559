package edxml

import (
	"strings"
	"testing"
)

// TestLossIsFound is the test of the comparison: one that finds no loss ever would
// call every message whole.
func TestLossIsFound(t *testing.T) {
	t.Parallel()
	whole := string(messages(t)["document_0_new.edxml"])
	for _, tt := range []struct{ name, old, new, lost string }{
		{"the same", "", "", ""},
		{"order of elements, spaces", "<edXML:Priority>0</edXML:Priority><edXML:PageAmount>3</edXML:PageAmount>", "<edXML:PageAmount> 3</edXML:PageAmount> <edXML:Priority>0</edXML:Priority>", ""},
		{"a value", "<edXML:PageAmount>3<", "<edXML:PageAmount>4<", `PageAmount: "3"`},
		{"an element", "<edXML:SphereOfPromulgation>Văn xã</edXML:SphereOfPromulgation>", "", `SphereOfPromulgation: "Văn xã"`},
		{"one letter composed otherwise", "Phụ lục II", "Phu\u0323 lục II", `Appendix: "Phụ lục II"`},
		{"order of places", "<edXML:Place>Như trên</edXML:Place><edXML:Place>Lưu: VT, <![CDATA[P&TH]]></edXML:Place>", "<edXML:Place>Lưu: VT, P&amp;TH</edXML:Place><edXML:Place>Như trên</edXML:Place>", `Place: "Lưu: VT, P&TH"`},
		{"an attribute", ` version="1.0">`, ">", `@version: "1.0"`},
		{"a bit of a file", "JVBERi0xLjQK", "JVBERi0xLjQL", "ContentTransferEncoded"},
		{"its place", "<edXML:TraceHeaderList>", "<edXML:TraceHeaderLst>", "TraceHeaderList/Bussiness/BussinessDocType"},
	} {
		changed := strings.Replace(whole, tt.old, tt.new, 1)
		if tt.name == "its place" {
			changed = strings.Replace(changed, "</edXML:TraceHeaderList>", "</edXML:TraceHeaderLst>", 1)
		}
		if tt.old != "" && changed == whole {
			t.Fatalf("%s: the message does not hold %q", tt.name, tt.old)
		}
		got := strings.Join(lost(parse(t, []byte(whole)), parse(t, []byte(changed))), "\n")
		if (got == "") != (tt.lost == "") || !strings.Contains(got, tt.lost) {
			t.Errorf("%s: lost %q, want %q", tt.name, got, tt.lost)
		}
	}
}
