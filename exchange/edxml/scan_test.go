package edxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// small limits, so that hostile messages in tests can be small too.
func smallLimits() Limits {
	return Limits{Message: 1 << 20, Depth: 12, Nodes: 2000, Attributes: 4, Tag: 300, Text: 2000,
		Attachments: 5, Attachment: 4096, Unpacked: 8192, Entries: 3}
}

const minimal = `<edXML><edXMLEnvelope><edXMLHeader><MessageHeader><StatusCode>01</StatusCode>%s</MessageHeader></edXMLHeader></edXMLEnvelope></edXML>`

func TestRefusals(t *testing.T) {
	t.Parallel()
	header := func(inside string) string { return fmt.Sprintf(minimal, inside) }
	for _, tt := range []struct {
		name, message, reason string
	}{
		{"billion laughs", `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><edXML>&lol2;</edXML>`, ReasonDTD},
		{"external entity", `<!DOCTYPE a SYSTEM "file:///etc/passwd"><edXML/>`, ReasonDTD},
		{"external subset after a comment", `<!-- x --><!DOCTYPE a PUBLIC "a" "http://example.com/a.dtd"><edXML/>`, ReasonDTD},
		{"declaration inside", header(`<!ELEMENT a ANY>`), ReasonDTD},
		{"entity without a type", header(`<Description>&lol;</Description>`), ReasonEntity},
		{"entity in an attribute", header(`<Description a="&lol;"/>`), ReasonEntity},
		{"deep", header(strings.Repeat("<a>", 20) + strings.Repeat("</a>", 20)), ReasonDepth},
		{"wide", header(strings.Repeat("<a/>", 3000)), ReasonCount},
		{"many attributes", header(`<a b="" c="" d="" e="" f=""/>`), ReasonCount},
		{"long text", header("<Description>" + strings.Repeat("a", 2001) + "</Description>"), ReasonText},
		{"long CDATA", header("<Description><![CDATA[" + strings.Repeat("a", 2001) + "]]></Description>"), ReasonText},
		{"long comment", header("<!--" + strings.Repeat("a", 2001) + "-->"), ReasonText},
		{"long tag", header(`<a b="` + strings.Repeat("a", 300) + `"/>`), ReasonText},
		{"tag without an end", header(`<a b="`) + strings.Repeat("a", 300), ReasonText},
		{"large attachment", header("<ContentTransferEncoded>" + strings.Repeat("A", 12000) + "</ContentTransferEncoded>"), ReasonAttachmentSize},
		{"large message", strings.Repeat(" ", 1<<20+1), ReasonSize},
		{"UTF-16", "\xff\xfe<\x00e\x00", ReasonEncoding},
		{"windows-1258", `<?xml version="1.0" encoding="windows-1258"?><edXML/>`, ReasonEncoding},
		{"not UTF-8 whatever it says", header("<Description>\xd0 h\xe0ng</Description>"), ReasonEncoding},
		{"surrogate", header("<Description>&#xD800;</Description>"), ReasonSyntax},
		{"null", header("<Description>&#0;</Description>"), ReasonSyntax},
		{"bare ampersand", header("<Description>P & H</Description>"), ReasonSyntax},
		{"cut short", header("")[:60], ReasonSyntax},
		{"cut in a tag", header("")[:57], ReasonSyntax},
		{"wrong end tag", `<edXML></edXml>`, ReasonSyntax},
		{"end tag with another prefix", `<a:edXML></b:edXML>`, ReasonSyntax},
		{"two roots", header("") + header(""), ReasonSyntax},
		{"text after the root", header("") + "x", ReasonSyntax},
		{"attribute twice", header(`<a b="" b=""/>`), ReasonSyntax},
		{"attribute without quotes", header(`<a b=c/>`), ReasonSyntax},
		{"late declaration", ` <?xml version="1.0"?>` + header(""), ReasonSyntax},
		{"XML 1.1", `<?xml version="1.1"?>` + header(""), ReasonSyntax},
		{"nothing", "", ReasonSyntax},
		{"PDF", "%PDF-1.4", ReasonSyntax},
		{"other XML", `<html xmlns="http://www.w3.org/1999/xhtml"/>`, ReasonNotEdXML},
		{"other namespace", `<edXML xmlns="http://www.go.vn/eDoc"/>`, ReasonNotEdXML},
		{"no header", `<edXML/>`, ReasonNotEdXML},
		{"neither document nor status", strings.Replace(header(""), "<StatusCode>01</StatusCode>", "", 1), ReasonNotEdXML},
		{"many references", strings.Replace(header(""), "</edXML>", "<AttachmentEncoded>"+strings.Repeat("<Attachment/>", 6)+"</AttachmentEncoded></edXML>", 1), ReasonCount},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(strings.NewReader(tt.message), smallLimits())
			if !errors.Is(err, &Error{Reason: tt.reason}) {
				t.Errorf("got %v, want reason %s", err, tt.reason)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, inside, want string }{
		{"references", "<Description>P&amp;H &lt;&#272;&#xE0; N&#x1EB5;ng&gt;</Description>", "P&H <Đà Nẵng>"},
		{"CDATA", "<Description>a <![CDATA[<b> & ]]>c</Description>", "a <b> & c"},
		{"line ends", "<Description>a\r\nb\rc</Description>", "a\nb\nc"},
		{"comment within", "<Description>a<!-- - -->b</Description>", "ab"},
		{"white space around", "<Description>\n\t a \n</Description>", "a"},
		{"decomposed letters stay", "<Description>a\u0302\u0301</Description>", "a\u0302\u0301"},
		{"no element", "", ""},
		{"spaces in tags", "<Description\n\ta = 'x>' >a</Description\n>", "a"},
		{"foreign prefix that nobody declared", "<q:Description>b</q:Description>", "b"},
		{"element of another namespace is not it", `<Description xmlns="urn:x">b</Description><Description>a</Description>`, "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data := "\ufeff" + `<?xml version='1.0' encoding='utf-8' standalone="yes" ?>` + "\r\n" + fmt.Sprintf(minimal, tt.inside) + "<!-- end -->\n"
			m, err := Parse([]byte(data), smallLimits())
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Status().Description; got != tt.want {
				t.Errorf("description %q, want %q", got, tt.want)
			}
			if got := string(m.Bytes()); got != data {
				t.Errorf("written again %q, want %q", got, data)
			}
			if c, err := CheckMessage([]byte(data), smallLimits()); err != nil || !c.Whole() {
				t.Errorf("check: %+v, %v", c, err)
			}
		})
	}
}

// sameAsStandard compares a tree with what encoding/xml reads, so that our scanner
// takes nothing that other readers refuse or understand otherwise.
func sameAsStandard(tree *node, data []byte) error {
	want := &strings.Builder{}
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	for depth := 0; ; {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("encoding/xml refuses it: %w", err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			depth++
			fmt.Fprintf(want, "<%s:%s", x.Name.Space, x.Name.Local)
			for _, a := range x.Attr {
				// encoding/xml leaves the line ends of attributes as they are.
				fmt.Fprintf(want, " %s:%s=%q", a.Name.Space, a.Name.Local, strings.Join(strings.Fields(a.Value), " "))
			}
		case xml.EndElement:
			depth--
			want.WriteString(">")
		case xml.CharData:
			if depth > 0 {
				want.Write(x)
			}
		}
	}
	got := &strings.Builder{}
	outline(tree, got)
	if got.String() != want.String() {
		return fmt.Errorf("encoding/xml reads %q, we read %q", want, got)
	}
	return nil
}

func outline(n *node, out *strings.Builder) {
	if n.kind == elementNode {
		fmt.Fprintf(out, "<%s:%s", n.prefix, n.local)
		for _, a := range n.attrs {
			fmt.Fprintf(out, " %s:%s=%q", a.prefix, a.local, strings.Join(strings.Fields(a.value), " "))
		}
	}
	for _, c := range n.children {
		if n.kind == elementNode && c.kind != elementNode {
			out.WriteString(c.text())
		}
		outline(c, out)
	}
	if n.kind == elementNode {
		out.WriteString(">")
	}
}
