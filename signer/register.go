package signer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"lienthong/signer/appearance"
	"lienthong/signer/pdf"
)

// ErrRegister is of a number or date that cannot be put into the file.
var ErrRegister = errors.New("sign: the number or the date cannot be filled in")

func registerError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRegister, fmt.Sprintf(format, args...))
}

// registration is what the agency fills in while it signs.
type registration struct {
	fields       []*pdf.Field // of the form
	lines        map[pdf.Ref][]printedLine
	names        []string // of fields that are filled
	number, date string   // whole, as they read on the page
	warnings     []string
}

// registers reports whether something is to be filled in.
func (o *SignOptions) registers() bool { return o.Number != "" || !o.Date.IsZero() }

// useSeal takes the field that was prepared for the agency's signature, where no
// other is named and no place is given.
func (p *plan) useSeal() error {
	if p.opts.Field != "" || p.opts.Place != nil || !p.opts.registers() && p.opts.Profile != appearance.Agency {
		return nil
	}
	fields, err := p.view.Fields()
	if err != nil {
		return fmt.Errorf("sign: read the form: %w", err)
	}
	for i := range fields {
		if f := &fields[i]; f.FullName == FieldSeal && f.Type == "Sig" && isNull(f.Value) {
			p.opts.Field = FieldSeal
		}
	}
	return nil
}

// register fills in number and date, each in the field that was prepared for it
// before the first signature.
func (p *plan) register() error {
	if !p.opts.registers() {
		return nil
	}
	fields, err := p.view.Fields()
	if err != nil {
		return fmt.Errorf("sign: read the form: %w", err)
	}
	r := &p.registered
	r.lines = make(map[pdf.Ref][]printedLine)
	for i := range fields {
		if strings.HasPrefix(fields[i].FullName, fieldRoot+".") {
			r.fields = append(r.fields, &fields[i])
		}
	}
	if p.opts.Number != "" {
		if err := p.registerNumber(norm.NFC.String(strings.TrimSpace(p.opts.Number))); err != nil {
			return err
		}
	}
	if !p.opts.Date.IsZero() {
		return p.registerDate(p.opts.Date.In(vietnam))
	}
	return nil
}

func (p *plan) preparedField(name string) *pdf.Field {
	i := slices.IndexFunc(p.registered.fields, func(f *pdf.Field) bool { return f.FullName == name })
	if i < 0 {
		return nil
	}
	return p.registered.fields[i]
}

// How numbers read (Decree 30/2020/NĐ-CP, Appendix I, box 3): of state bodies, also
// with the year of a legal document, and of the Party.
var (
	stateNumber = regexp.MustCompile(`^\d{1,11}\p{L}?(?:/\d{4})?/[\p{L}\d&.]+(?:-[\p{L}\d&.]+)*$`)
	partyNumber = regexp.MustCompile(`^\d{1,11}-\p{L}+/[\p{L}\d.&-]+$`)
)

var onlyDigit = regexp.MustCompile(`^[1-9][/-]`)

func readsAsNumber(s string) bool { return stateNumber.MatchString(s) || partyNumber.MatchString(s) }

// registerNumber fills in the part of a number that the page does not print.
func (p *plan) registerNumber(number string) error {
	f := p.preparedField(FieldNumber)
	if f == nil {
		return p.samePrinted("number", number, func(lines []printedLine, width float64) string {
			found, _ := findNumber(lines, width)
			return found.printed
		})
	}
	w, err := p.textWidget(f)
	if err != nil {
		return err
	}
	symbol := symbolAfter(p.printed(w.page), w.seen)
	value := number
	if symbol != "" {
		var whole bool
		if value, whole = strings.CutSuffix(number, symbol); !whole {
			if strings.ContainsAny(number, "/-") {
				return registerError("the draft prints %q after the number, and the number is %q", symbol, number)
			}
			number += symbol
		}
	}
	if !readsAsNumber(number) {
		return registerError("%q does not read as a number, want one such as 45/BC-UBND", number)
	}
	p.registered.number = number
	if onlyDigit.MatchString(number) {
		p.registered.warnings = append(p.registered.warnings, fmt.Sprintf("the number %q has no zero before its only digit, as Decree 30/2020/NĐ-CP, Appendix I, wants it", number))
	}
	return p.fill(f, w, value, false)
}

// symbolAfter is what is printed directly after a blank, such as "/BC-UBND".
func symbolAfter(lines []printedLine, r [4]float64) string {
	for i := range lines {
		l := &lines[i]
		if l.base < r[1] || l.base-l.size > r[3] {
			continue
		}
		var b strings.Builder
		for _, g := range l.glyphs {
			switch {
			case (g.x0+g.x1)/2 < r[2] || g.base < r[1] || g.base > r[3]:
			case b.Len() == 0 && (g.r != '/' && g.r != '-' || g.x0 > r[2]+g.size):
				return ""
			case g.r == ' ':
				return b.String()
			default:
				b.WriteRune(g.r)
			}
		}
		if b.Len() > 0 {
			return b.String()
		}
	}
	return ""
}

// registerDate fills in the whole date, or the parts of it that the page does not
// print. Days below 10, January and February have a zero before them (Decree
// 30/2020/NĐ-CP, Appendix I, box 4).
func (p *plan) registerDate(date time.Time) error {
	day, month, year := date.Format("02"), strconv.Itoa(int(date.Month())), date.Format("2006")
	if date.Month() < 3 {
		month = "0" + month
	}
	whole := fmt.Sprintf("ngày %s tháng %s năm %s", day, month, year)
	p.registered.date = whole
	if f := p.preparedField(FieldDate); f != nil && f.Type == "Tx" {
		w, err := p.textWidget(f)
		if err != nil {
			return err
		}
		return p.fill(f, w, whole, true)
	}
	filled := false
	for i, value := range [3]string{day, month, year} {
		f := p.preparedField(dateParts[i].field)
		if f == nil {
			continue
		}
		w, err := p.textWidget(f)
		if err != nil {
			return err
		}
		if err := p.sameParts(w.page, whole); err != nil {
			return err
		}
		if err := p.fill(f, w, value, true); err != nil {
			return err
		}
		filled = true
	}
	if filled {
		return nil
	}
	return p.samePrinted("date", whole, func(lines []printedLine, width float64) string {
		if found, err := findDate(lines, width); err == nil && found.whole() {
			return found.String()
		}
		return ""
	})
}

// sameParts refuses a date of which the page prints a part otherwise.
func (p *plan) sameParts(page pdf.Page, whole string) error {
	width, height := seenSize(page)
	found, err := findDate(head(p.printed(page), height), width)
	if err != nil {
		return nil // nothing that can be compared
	}
	want := dateLine.FindStringSubmatch(whole)
	for i, printed := range found.printed {
		part := want[i+1]
		if i == partYear {
			part = want[4]
		}
		if printed != "" && strings.TrimLeft(printed, "0") != strings.TrimLeft(strings.TrimSpace(part), "0") {
			return registerError("the draft prints %q, and the date is %s", found.String(), whole)
		}
	}
	return nil
}

// samePrinted takes a file without a field, if it prints what is asked for.
func (p *plan) samePrinted(what, want string, find func(lines []printedLine, width float64) string) error {
	printed := ""
	if pages, err := p.view.Pages(); err == nil && len(pages) > 0 {
		width, height := seenSize(pages[0])
		printed = find(head(p.printed(pages[0]), height), width)
	}
	switch printed {
	case want:
		return nil
	case "":
		return registerError("the file has no field for the %s, and none can be added now: prepare the draft before the first signature (lienthong prepare)", what)
	}
	return registerError("the file prints the %s %q, and %q was to be filled in", what, printed, want)
}

// printed reads the text of a page, once.
func (p *plan) printed(page pdf.Page) []printedLine {
	lines, ok := p.registered.lines[page.Ref]
	if !ok {
		lines, _ = printedLines(p.view, page)
		p.registered.lines[page.Ref] = lines
	}
	return lines
}
