package appearance

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"lienthong/signer/pdf"
)

// lettersOf returns the letters of lines, each once, in order.
func lettersOf(lines []string) []rune {
	letters := []rune(strings.Join(lines, ""))
	slices.Sort(letters)
	return slices.Compact(letters)
}

// subsetName is the name that a font must have of which only some letters are
// there: six capitals of its own, and a plus sign (ISO 32000-2, 9.9.2).
func subsetName(letters []rune, face string) pdf.Name {
	if face == "" {
		face = family
	}
	sum := sha256.Sum256([]byte(string(letters)))
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	return pdf.Name(string(tag) + "+" + face)
}

// toUnicode is the table by which text is selected, searched and read aloud
// (ISO 32000-2, 9.10.3). A code is the letter's number already, but a range over
// all codes, which the library writes, is not allowed: no range may span more
// than one first byte.
func toUnicode(letters []rune) []byte {
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for block := range slices.Chunk(letters, 100) { // at most 100 to a block
		fmt.Fprintf(&b, "%d beginbfchar\n", len(block))
		for _, r := range block {
			fmt.Fprintf(&b, "<%04X> <%04X>\n", r, r)
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return []byte(b.String())
}
