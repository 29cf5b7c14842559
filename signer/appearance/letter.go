package appearance

import (
	"bytes"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationserifbold"
	"github.com/go-fonts/liberation/liberationserifitalic"
	"github.com/go-fonts/liberation/liberationserifregular"
)

// A Letter is an official letter that is drawn here, in the layout of Decree
// 30/2020/NĐ-CP, Appendix I. Number and date are left blank, since they come after the
// first signature, and their places are found in the text, and the room for handwriting and seal is empty.
type Letter struct {
	Parent     string // the agency above; empty for none
	Agency     string
	Symbol     string // behind the blank of the number, such as TXL-UBND
	Place      string
	Year       int
	Title      string // in capitals
	About      string
	To         string // kính gửi
	Paragraphs []string
	Recipients []string // nơi nhận, as printed
	Competence string   // such as TM. ỦY BAN NHÂN DÂN; empty for none
	Position   string
	Name       string
}

// Sizes of Appendix I, in points: a page of A4 and its margins of 20, 30, 15 and 20 mm.
const (
	pageWidth, pageHeight = 595.28, 841.89
	marginTop             = 56.7
	marginLeft            = 85.0
	marginRight           = 42.5
	marginBottom          = 56.7
	indent                = 28.35 // of a paragraph's first line: 10 mm
	bodySize              = 14.0
	bodyLeading           = 19.0
)

// signingRoom is what is left empty for handwriting and seal: 36 mm and a little.
const signingRoom = 110.0

const blank = "            " // twelve spaces: room for a number

// DrawLetter returns the letter as a PDF file with its fonts in it. Its errors are
// about the text: letters that the font has not, or more than a letter holds.
func DrawLetter(l Letter) ([]byte, error) {
	all := append([]string{l.Parent, l.Agency, l.Symbol, l.Place, l.Title, l.About, l.To, l.Competence, l.Position, l.Name}, l.Paragraphs...)
	if _, err := splitLines(append(all, l.Recipients...)); err != nil {
		return nil, fmt.Errorf("appearance: %w", err)
	}
	f := newPage(pageWidth, pageHeight)
	f.AddUTF8FontFromBytes(family, "", liberationserifregular.TTF)
	f.AddUTF8FontFromBytes(family, "B", liberationserifbold.TTF)
	f.AddUTF8FontFromBytes(family, "I", liberationserifitalic.TTF)
	f.SetTitle(composed(l.Title+" "+l.About), true)
	w := &letterWriter{Fpdf: f, y: marginTop}
	w.head(&l)
	w.title(&l)
	for _, p := range l.Paragraphs {
		w.paragraph(composed(p))
	}
	w.foot(&l)
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		return nil, fmt.Errorf("appearance: draw a letter: %w", err)
	}
	if f.PageCount() > maxLetterPages {
		return nil, fmt.Errorf("appearance: the letter has %d pages, at most %d: make the text shorter", f.PageCount(), maxLetterPages)
	}
	return out.Bytes(), nil
}

const maxLetterPages = 5

// composed puts marks together with their letters.
func composed(s string) string {
	lines, _ := splitLines([]string{s}) // was checked
	return strings.Join(lines, " ")
}

type letterWriter struct {
	*fpdf.Fpdf
	y float64
}

// centre draws lines in the middle of a column, broken at spaces, and returns where the
// next would be.
func (w *letterWriter) centre(x, width, y float64, style string, size float64, text string) float64 {
	if text = composed(text); text == "" {
		return y
	}
	w.SetFont(family, style, size)
	for _, line := range wrap(w.Fpdf, []string{text}, width) {
		y += size * 1.2
		w.Text(x+(width-w.GetStringWidth(line))/2, y, line)
	}
	return y
}

// rule is the line below a name, a third to a half as long.
func (w *letterWriter) rule(x, width, y, long float64) {
	w.SetLineWidth(0.6)
	w.Line(x+(width-long)/2, y+4, x+(width+long)/2, y+4)
}

const leftColumn = 190.0

func (w *letterWriter) head(l *Letter) {
	right := marginLeft + leftColumn + 8
	width := pageWidth - marginRight - right
	y := w.centre(marginLeft, leftColumn, w.y, "", 12, strings.ToUpper(l.Parent))
	y = w.centre(marginLeft, leftColumn, y, "B", 12, strings.ToUpper(l.Agency))
	w.rule(marginLeft, leftColumn, y, 60)
	other := w.centre(right, width, w.y, "B", 12, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
	other = w.centre(right, width, other, "B", 13, "Độc lập - Tự do - Hạnh phúc")
	w.rule(right, width, other, 160)
	y = max(y, other) + 8
	w.SetFont(family, "", 13)
	number := "Số:" + blank + "/" + composed(l.Symbol)
	y += 13 * 1.2
	w.Text(marginLeft+(leftColumn-w.GetStringWidth(number))/2, y, number)
	date := fmt.Sprintf("ngày       tháng       năm %d", l.Year)
	if l.Place != "" {
		date = composed(l.Place) + ", " + date
	}
	w.SetFont(family, "I", 13)
	w.Text(right+(width-w.GetStringWidth(date))/2, y, date)
	w.y = y + 22
}

func (w *letterWriter) title(l *Letter) {
	width := pageWidth - marginLeft - marginRight
	w.y = w.centre(marginLeft, width, w.y, "B", 14, l.Title)
	w.y = w.centre(marginLeft, width, w.y, "B", 14, l.About)
	w.rule(marginLeft, width, w.y, 120)
	w.y = w.centre(marginLeft, width, w.y+14, "", bodySize, "Kính gửi: "+l.To) + 14
}

// room goes on to a new page if so much is not left of this one.
func (w *letterWriter) room(height float64) {
	if w.y+height > pageHeight-marginBottom {
		w.AddPage()
		w.y = marginTop
	}
}

// paragraph draws text between both margins, its first line indented.
func (w *letterWriter) paragraph(text string) {
	w.SetFont(family, "", bodySize)
	space := w.GetStringWidth(" ")
	words, x := strings.Fields(text), marginLeft+indent
	for len(words) > 0 {
		n, used := 1, w.GetStringWidth(words[0])
		for n < len(words) && x+used+space+w.GetStringWidth(words[n]) <= pageWidth-marginRight {
			used += space + w.GetStringWidth(words[n])
			n++
		}
		w.room(bodyLeading)
		w.y += bodyLeading
		if n < len(words) && n > 1 { // the last line stays as wide as it is
			w.spread(words[:n], x, space+(pageWidth-marginRight-x-used)/float64(n-1))
		} else {
			w.Text(x, w.y, strings.Join(words[:n], " "))
		}
		words, x = words[n:], marginLeft
	}
	w.y += 6
}

func (w *letterWriter) spread(words []string, x, gap float64) {
	for _, word := range words {
		w.Text(x, w.y, word)
		x += w.GetStringWidth(word) + gap
	}
}

// foot has the recipients at its left and the signing block at its right, on one page.
func (w *letterWriter) foot(l *Letter) {
	w.room(signingRoom + 5*bodyLeading)
	w.y += 8
	y := w.y + 14
	if len(l.Recipients) > 0 {
		w.SetFont(family, "B", 12)
		w.Text(marginLeft, y, "Nơi nhận:")
		w.SetFont(family, "", 11)
		for _, line := range wrap(w.Fpdf, l.Recipients, leftColumn) {
			y += 14
			w.Text(marginLeft, y, composed(line))
		}
	}
	right := marginLeft + leftColumn + 20
	width := pageWidth - marginRight - right
	end := w.centre(right, width, w.y, "B", 13, l.Competence)
	end = w.centre(right, width, end, "B", 13, l.Position)
	w.centre(right, width, end+signingRoom-20, "B", 13, l.Name)
}
