package edxml

import (
	"bytes"
	"fmt"
	"testing"
)

// FuzzParse holds for whatever is taken: it is written byte for byte; encoding/xml
// reads the same; its fields, written, are read the same, and lose nothing.
func FuzzParse(f *testing.F) {
	for _, data := range messages(f) {
		f.Add(data)
	}
	for _, inside := range []string{"<a b='1' x:c=\"&lt;\"><![CDATA[x]]></a>", "<!-- c --><?pi x?>text", "<To/><From a='1'>t<OrganId><b/></OrganId></From>",
		"<ResponseFor>x<y xmlns='urn:y' z:z=''/></ResponseFor><Description xml:lang='vi'>&#13;</Description>"} {
		f.Add(fmt.Appendf(nil, minimal, inside))
	}
	lim := DefaultLimits()
	lim.Attachment, lim.Unpacked, lim.Depth = 1<<16, 1<<18, 20
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data, lim)
		if err != nil {
			return
		}
		if !bytes.Equal(m.Bytes(), data) {
			t.Fatalf("written again:\n%q\nread:\n%q", m.Bytes(), data)
		}
		if err := sameAsStandard(m.tree, data); err != nil {
			t.Fatal(err)
		}
		c, err := CheckMessage(data, lim)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Lost) > 0 {
			again, _, _ := m.rebuild()
			t.Fatalf("lost %q, written:\n%s", c.Lost, again.Bytes())
		}
		_, err = m.Unpack("2026-01-01", lim)
		if err == nil && len(c.Damage) > 0 {
			t.Fatalf("unpacked, although damaged: %q", c.Damage)
		}
	})
}
