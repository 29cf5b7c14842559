package place

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"lienthong/signer/content"
)

// A4 with what it paints.
func sheet(boxes ...[]content.Box) *Page {
	p := &Page{Number: 2, Width: 595, Height: 842}
	for _, b := range boxes {
		p.Boxes = append(p.Boxes, b...)
	}
	return p
}

// line is text of 14 points, centred at x, its box's lower edge at y, a box a word.
func line(x, y float64, text string) []content.Box {
	const letter, high = 7.0, 15.7
	x -= letter * float64(utf8.RuneCountInString(text)) / 2
	var out []content.Box
	for _, w := range strings.Split(text, " ") {
		n := letter * float64(utf8.RuneCountInString(w))
		if n > 0 {
			out = append(out, content.Box{Kind: content.Text, Rect: [4]float64{x, y, x + n, y + high}, Text: w})
		}
		x += n + letter
	}
	return out
}

// pieces is a line as LibreOffice and Word write it where a font lacks letters: by
// one letter, those of the other font at the end.
func pieces(x, y float64, text string) []content.Box {
	var plain, marked []content.Box
	x -= 3.5 * float64(utf8.RuneCountInString(text))
	for _, r := range text {
		b := content.Box{Kind: content.Text, Rect: [4]float64{x, y, x + 7, y + 15.7}, Text: string(r)}
		switch x += 7; {
		case r == ' ':
		case r > 0x7F:
			marked = append(marked, b)
		default:
			plain = append(plain, b)
		}
	}
	return append(plain, marked...)
}

// smaller is a line of 11 points.
func smaller(boxes []content.Box) []content.Box {
	for i := range boxes {
		boxes[i].Rect[3] = boxes[i].Rect[1] + 12.3
	}
	return boxes
}

func unread(p *Page) *Page {
	p.Unknown = "a form within itself"
	return p
}

func picture(r Rect) []content.Box { return []content.Box{{Kind: content.Image, Rect: r}} }

// The block of a ward's letter, and "Nơi nhận" on its left.
func block(position, name string) []content.Box {
	return append(append(line(430, 305, "TM. ỦY BAN NHÂN DÂN"), line(430, 279, position)...), line(430, 149, name)...)
}

var (
	receiversBox = append(line(130, 305, "Nơi nhận:"), line(190, 279, "- Như trên;")...)
	body         = line(300, 500, "Căn cứ kết quả rà soát thủ tục hành chính, cơ quan báo cáo")
)

func TestFindBlock(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		page *Page
		want string // the block; or, after "no: ", what the error says
	}{
		{"as the Decree has it", sheet(body, receiversBox, block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ")), "TM. ỦY BAN NHÂN DÂN / CHỦ TỊCH … Đỗ Nghĩa Sĩ"},
		{"letters in pieces", sheet(body, receiversBox, pieces(430, 279, "CHÁNH VĂN PHÒNG"), pieces(430, 149, "Lỗ Thị Mỹ Hĩnh")), "CHÁNH VĂN PHÒNG … Lỗ Thị Mỹ Hĩnh"},
		{"a position of two lines", sheet(line(430, 305, "KT. CHỦ TỊCH - PHÓ CHỦ"), line(412, 287, "TỊCH"), line(430, 149, "Phạm Thị Tĩnh")), "KT. CHỦ TỊCH - PHÓ CHỦ / TỊCH … Phạm Thị Tĩnh"},
		{"a known position, and no receivers", sheet(line(430, 279, "GIÁM ĐỐC"), line(430, 149, "Trần Văn Ý")), "GIÁM ĐỐC … Trần Văn Ý"},
		{"the letter's last line above it", sheet(line(320, 300, "Chủ tịch giao Trưởng phòng thực hiện"), line(430, 279, "GIÁM ĐỐC"), line(430, 149, "Trần Văn Ý")), "GIÁM ĐỐC … Trần Văn Ý"},
		{"smaller text close on its left", sheet(smaller(line(360, 276, "nguyên (báo cáo)")), line(465, 279, "TRƯỞNG PHÒNG"), line(465, 149, "Trần Văn Ý")), "TRƯỞNG PHÒNG … Trần Văn Ý"},
		{"in small letters", sheet(line(430, 279, "Trưởng phòng"), line(430, 149, "Y Vinh")), "Trưởng phòng … Y Vinh"},
		{"an unknown position beside the receivers", sheet(receiversBox, line(430, 279, "NGƯỜI PHÁT NGÔN"), line(430, 149, "Nguyễn Văn An")), "NGƯỜI PHÁT NGÔN … Nguyễn Văn An"},
		{"a name with a rank", sheet(line(430, 279, "CỤC TRƯỞNG"), line(430, 149, "Thiếu tướng Nguyễn Văn An")), "CỤC TRƯỞNG … Thiếu tướng Nguyễn Văn An"},
		{"a letterhead's ground behind it all", sheet(picture(Rect{0, 0, 595, 842}), block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ")), "TM. ỦY BAN NHÂN DÂN / CHỦ TỊCH … Đỗ Nghĩa Sĩ"},

		{"an unknown position alone", sheet(line(430, 279, "NGƯỜI PHÁT NGÔN"), line(430, 149, "Nguyễn Văn An")), `no: says no capacity and no known position`},
		{"two beside each other", sheet(block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"), line(160, 279, "GIÁM ĐỐC"), line(160, 149, "Trần Văn Ý")), `no: 2: "`},
		{"one below the other", sheet(block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"), line(430, 700, "GIÁM ĐỐC"), line(430, 600, "Trần Văn Ý")), `no: 2: "GIÁM ĐỐC … Trần Văn Ý"`},
		{"one set to the left", sheet(block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"), line(160, 279, "KẾ TOÁN TRƯỞNG"), line(157.5, 149, "Trần Thị Bưởi")), `no: 2: `},
		{"one who drafted on the left", sheet(block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"), line(160, 279, "NGƯỜI LẬP BIỂU"), line(160, 149, "Trần Văn Ý")), `no: 2: `},
		{"in the left half", sheet(line(160, 279, "GIÁM ĐỐC"), line(160, 149, "Trần Văn Ý")), "no: one in the left half"},
		{"no name", sheet(receiversBox, line(430, 279, "CHỦ TỊCH")), "no: none there"},
		{"no blank space", sheet(line(430, 279, "CHỦ TỊCH"), line(430, 258, "Đỗ Nghĩa Sĩ")), "no: none there"},
		{"a picture between", sheet(block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"), picture(Rect{400, 180, 470, 250})), "no: none there"},
		{"text between", sheet(block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"), line(430, 220, "(đã ký)")), "no: none there"},
		{"a scan", sheet(picture(Rect{0, 0, 595, 842})), "no: a picture of a page (a scan), and no text"},
		{"letters that say nothing", sheet([]content.Box{{Kind: content.Text, Rect: [4]float64{100, 100, 200, 115}}}), "no: text whose letters cannot be told"},
		{"nothing", sheet(), "no: no text"},
		{"a page that is not understood", unread(sheet(block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"))), "no: on a page of which not all can be read: a form within itself"},
		{"a table", sheet(line(430, 279, "THỜI HẠN"), line(430, 240, "6 ngày"), line(300, 279, "Thủ tục số 1")), "no: none there"},
	} {
		b, err := FindBlock(tt.page)
		var no *NotFound
		switch {
		case err == nil && b.String() != tt.want:
			t.Errorf("%s: found %q, want %q", tt.name, b, tt.want)
		case err == nil:
			if b.Gap.height() < leastGap || math.Abs(b.Axis-430) > 1 && math.Abs(b.Axis-465) > 1 || b.Gap[1] < 164 || b.Gap[3] > 305 {
				t.Errorf("%s: gap %v, axis %.1f", tt.name, b.Gap, b.Axis)
			}
		case !errors.As(err, &no):
			t.Errorf("%s: %v, want a NotFound", tt.name, err)
		case !strings.HasPrefix(tt.want, "no: ") || !strings.Contains(no.Found, tt.want[4:]) || !strings.Contains(no.Wanted, "page 2"):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// The Vietnamese letters are written in several ways, which are one.
func TestFold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ a, b string }{
		{"CHỦ TỊCH", "chủ tịch"},
		{"CHỦ TỊCH", "CHU\u0309 TI\u0323CH"}, // letters and marks apart
		{"C H Ủ  T Ị C H", "CHỦ TỊCH"},
		{"ỦY BAN", "Uỷ ban"},
		{"HÒA", "hoà"},
		{"Nguyễn", "NGUYỄN"},
		{"Đỗ", "đỗ"},
		{"khỏe", "khoẻ"},
		{"CHỦ\u00a0TỊCH", "CHỦ TỊCH"},
	} {
		if fold(tt.a) != fold(tt.b) {
			t.Errorf("fold(%q) = %q, fold(%q) = %q", tt.a, fold(tt.a), tt.b, fold(tt.b))
		}
	}
	if fold("CHỦ") == fold("CHÚ") || fold("ban") == fold("bạn") {
		t.Error("tones are lost")
	}
}

func find(text string, list ...*Page) (*Page, *Block, error) {
	next := len(list)
	for i, p := range list {
		p.Number = i + 1
	}
	return FindAnchor(text, func() (*Page, error) {
		if next == 0 {
			return nil, nil
		}
		next--
		return list[next], nil
	})
}

func TestFindAnchor(t *testing.T) {
	t.Parallel()
	letter := func() *Page { return sheet(body, receiversBox, block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ")) }
	table := func() *Page { return sheet(line(300, 700, "PHỤ LỤC"), line(300, 650, "Thủ tục số 1")) }
	for _, tt := range []struct {
		name, anchor string
		pages        []*Page
		page         int
		want         string
	}{
		{"the position", "chủ tịch", []*Page{letter()}, 1, "TM. ỦY BAN NHÂN DÂN / CHỦ TỊCH … Đỗ Nghĩa Sĩ"},
		{"the capacity above it", "TM. UỶ BAN NHÂN DÂN", []*Page{letter()}, 1, "TM. ỦY BAN NHÂN DÂN / CHỦ TỊCH … Đỗ Nghĩa Sĩ"},
		{"the name", "Đỗ Nghĩa Sĩ", []*Page{letter()}, 1, "TM. ỦY BAN NHÂN DÂN / CHỦ TỊCH … Đỗ Nghĩa Sĩ"},
		{"an annex behind", "CHỦ TỊCH", []*Page{letter(), table()}, 1, "TM. ỦY BAN NHÂN DÂN / CHỦ TỊCH … Đỗ Nghĩa Sĩ"},
		{"the last page that has it", "CHỦ TỊCH", []*Page{letter(), letter(), table()}, 2, "TM. ỦY BAN NHÂN DÂN / CHỦ TỊCH … Đỗ Nghĩa Sĩ"},
		{"in pieces", "GIÁM ĐỐC", []*Page{sheet(pieces(430, 279, "GIÁM ĐỐC"), line(430, 149, "Trần Văn Ý"))}, 1, "GIÁM ĐỐC … Trần Văn Ý"},
		{"over two lines", "PHÓ CHỦ TỊCH", []*Page{sheet(line(430, 305, "KT. CHỦ TỊCH - PHÓ CHỦ"), line(430, 287, "TỊCH"), line(430, 149, "Phạm Thị Tĩnh"))}, 1, "KT. CHỦ TỊCH - PHÓ CHỦ / TỊCH … Phạm Thị Tĩnh"},
		{"in the body too", "Chủ tịch", []*Page{sheet(line(300, 500, "Thực hiện ý kiến của Chủ tịch về việc"), block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"))}, 1, "TM. ỦY BAN NHÂN DÂN / CHỦ TỊCH … Đỗ Nghĩa Sĩ"},
		{"no name below", "CHỦ TỊCH", []*Page{sheet(line(430, 279, "CHỦ TỊCH"))}, 1, "CHỦ TỊCH"},
		{"one of two, by its own words", "GIÁM ĐỐC", []*Page{sheet(block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"), line(160, 279, "GIÁM ĐỐC"), line(160, 149, "Trần Văn Ý"))}, 1, "GIÁM ĐỐC … Trần Văn Ý"},

		{"beside each other", "GIÁM ĐỐC", []*Page{sheet(line(430, 279, "GIÁM ĐỐC"), line(430, 149, "Trần Văn An"), line(160, 279, "GIÁM ĐỐC"), line(160, 149, "Trần Văn Ý"))}, 0, "beside each other on page 1"},
		{"nowhere", "BÍ THƯ", []*Page{letter(), table()}, 0, "on none of 2 pages"},
		{"a scan", "CHỦ TỊCH", []*Page{sheet(picture(Rect{0, 0, 595, 842}))}, 0, "page 1 has a picture of a page (a scan)"},
		{"nothing but spaces", " \u00a0", []*Page{letter()}, 0, "an empty one"},
		{"no room", "Căn cứ", []*Page{sheet(body, line(300, 480, "và đề xuất phương án cắt giảm thời gian"), line(300, 520, "Ủy ban nhân dân phường xin báo cáo như sau"))}, 0, "blank space"},
	} {
		p, b, err := find(tt.anchor, tt.pages...)
		switch {
		case err != nil && (tt.page != 0 || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		case err == nil && (p.Number != tt.page || b.String() != tt.want):
			t.Errorf("%s: %q on page %d, want %q on page %d", tt.name, b, p.Number, tt.want, tt.page)
		}
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	p := sheet(receiversBox, block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"))
	b, err := FindBlock(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Mark{{}, {360, 160}, {100, 400}, {900, 100}, {1, 1}} {
		r, err := Personal(b, m)
		if err != nil || math.Abs(r.axis()-430) > 0.01 || r[1] < 164.7 || r[3] > 279 || math.Abs((r[1]+r[3])/2-(149+15.7+279)/2) > 0.01 {
			t.Errorf("handwriting %v: %v, %v", m, r, err)
		}
	}
	hand, _ := Personal(b, Mark{360, 160})
	seal := Mark{36 * Millimetre, 36 * Millimetre}
	first, err := Seal(p, b, seal)
	if err != nil {
		t.Fatal(err)
	}
	p.Signed = []Signed{{Field: "Signature1", Widget: hand, Ink: hand}}
	over, err := Seal(p, b, seal)
	if err != nil || over != first || math.Abs(over[2]-(hand[0]+hand.width()/3)) > 0.01 || math.Abs(over.width()-102.05) > 0.01 || !InBlock(over, hand, 1) {
		t.Errorf("seal %v over %v, first %v: %v", over, hand, first, err)
	}
	if err := p.Free(b); err == nil || !strings.Contains(err.Error(), `"Signature1"`) {
		t.Errorf("a second handwriting: %v", err)
	}
	p.Signed = append(p.Signed, Signed{Field: "Signature2", Widget: hand, Ink: hand})
	if _, err := Seal(p, b, seal); err == nil || !strings.Contains(err.Error(), "2 signature(s)") {
		t.Errorf("two handwritings: %v", err)
	}
	// Receivers where the seal would go are not hidden.
	long := sheet(receiversBox, line(200, 200, "- Chi nhánh Văn phòng Đăng ký"), block("CHỦ TỊCH", "Đỗ Nghĩa Sĩ"))
	long.Signed = []Signed{{Field: "Signature1", Widget: Rect{330, 205, 350, 225}, Ink: Rect{330, 205, 350, 225}}}
	if _, err := Seal(long, nil, Mark{119, 119}); err == nil || !strings.Contains(err.Error(), "outside of the signing block") {
		t.Errorf("over the receivers: %v", err)
	}
	// However low handwriting is, a seal of 42 mm on it is in its block.
	low := Rect{400, 200, 460, 212}
	if r := (Rect{301, 206 - 59.5, 420, 206 + 59.5}); !InBlock(r, low, 1) || InBlock(Rect{301, 206 - 61, 420, 206}, low, 1) || !InBlock(half(r), half(low), 2) {
		t.Errorf("the block of %v does not hold a seal at %v", low, r)
	}
	long.Signed[0].Ink = Rect{20, 205, 40, 225}
	if _, err := Seal(long, nil, seal); err == nil || !strings.Contains(err.Error(), "edge") {
		t.Errorf("out of the page: %v", err)
	}
}

func half(r Rect) Rect { return Rect{r[0] / 2, r[1] / 2, r[2] / 2, r[3] / 2} }

func TestCorner(t *testing.T) {
	t.Parallel()
	m := Mark{170, 37.5}
	for _, tt := range []struct {
		name string
		page *Page
		top  float64 // 0: refused
	}{
		{"blank", sheet(), 20},
		{"the letter's first line", sheet(line(430, 780, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")), 0},
		{"a first line a little lower", sheet(line(430, 776, "CỘNG HÒA XÃ HỘI")), 12},
		{"no room", sheet(line(500, 810, "Mẫu số 01")), 0},
		{"a page number in the middle", sheet(line(297, 800, "2")), 20},
		{"a scan", sheet(picture(Rect{0, 0, 595, 842})), 20},
		{"a page too small", &Page{Width: 160, Height: 200}, 0},
	} {
		if tt.name == "the letter's first line" {
			tt.top = 8
		}
		r, err := Corner(tt.page, m)
		if tt.top == 0 {
			if err == nil {
				t.Errorf("%s: %v, want an error", tt.name, r)
			}
			continue
		}
		if err != nil || math.Abs(r[3]-(842-tt.top)) > 0.01 || math.Abs(r[2]-(595-42.52)) > 0.01 || math.Abs(r.width()-m.Width) > 0.01 {
			t.Errorf("%s: %v, %v, want its top at %.0f", tt.name, r, err, 842-tt.top)
		}
	}
}

// Whatever a page holds, what is found is on it, the gap is blank, and no time is
// lost over it.
func FuzzPlace(f *testing.F) {
	f.Add(uint64(1), uint(40), "CHỦ TỊCH", "Đỗ Nghĩa Sĩ")
	f.Add(uint64(7), uint(3000), "TM.", "A B")
	f.Add(uint64(9), uint(0), "", "\x00 \xff")
	f.Fuzz(func(t *testing.T, seed uint64, n uint, title, name string) {
		r := rand.New(rand.NewPCG(seed, 1))
		words := []string{title, name, "Nơi nhận:", "TRƯỞNG", "An", "x", ""}
		p := &Page{Number: 1, Width: 595, Height: 842}
		for range n % 6000 {
			x, y := r.Float64()*700-50, r.Float64()*900-50
			b := content.Box{Kind: content.Kind(r.IntN(4)), Rect: [4]float64{x, y, x + r.Float64()*200, y + r.Float64()*30}, Text: words[r.IntN(len(words))]}
			if r.IntN(200) == 0 {
				b.Rect[r.IntN(4)] = []float64{math.NaN(), math.Inf(1), -1e30, 1e30}[r.IntN(4)]
			}
			p.Boxes = append(p.Boxes, b)
		}
		check := func(b *Block, err error) {
			if err != nil {
				return
			}
			hand, err := Personal(b, Mark{})
			if err != nil {
				return
			}
			if !(hand[0] >= 0 && hand[2] <= p.Width && hand[0] < hand[2] && hand[1] < hand[3]) {
				t.Errorf("handwriting at %v", hand)
			}
			if seal, err := Seal(p, b, Mark{102, 102}); err == nil && !(seal[0] >= 0 && seal[1] >= 0 && seal[2] <= p.Width && seal[3] <= p.Height) {
				t.Errorf("seal at %v", seal)
			}
		}
		check(FindBlock(p))
		once := p
		_, b, err := FindAnchor(title, func() (*Page, error) { q := once; once = nil; return q, nil })
		check(b, err)
		if r, err := Corner(p, Mark{170, 37}); err == nil && (r[0] < 0 || r[3] > p.Height) {
			t.Errorf("corner %v", r)
		}
	})
}
