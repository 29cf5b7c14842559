package notation

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// A Notation is what stands beside "Số:" on a document. Zero values stand for parts
// that are not there.
type Notation struct {
	Number string   // as written, such as "05" or "12a"
	Year   string   // four digits, of legal documents: 10/2025/QĐ-UBND
	Type   string   // abbreviation of the type; empty for a công văn of a state body
	Groups []string // what follows: the issuer's abbreviation, then its unit
	Party  bool     // number-type/issuer, as Party bodies write it
}

var (
	numberForm = regexp.MustCompile(`^(\d{1,11}[\p{L}]?)(?:/(\d{4}))?$`)
	group      = `[\p{L}0-9&.]+`
	stateForm  = regexp.MustCompile(`^(?:(\d{4})/)?(` + group + `(?:-` + group + `)*)$`)
	partyForm  = regexp.MustCompile(`^(\p{L}+)/(` + group + `(?:-` + group + `)*)$`)
)

// Clean is text in NFC without space around it. Case stays: QyĐ is no QYĐ.
func Clean(s string) string { return strings.TrimSpace(norm.NFC.String(s)) }

// Parse reads number and symbol as they are printed: 15/QĐ-BNV, 05/BNV-VP,
// 10/2025/QĐ-UBND, 15-QĐ/ĐU.
func Parse(printed string) (Notation, error) {
	printed = Clean(printed)
	at := strings.IndexAny(printed, "/-")
	if at < 0 {
		return Notation{}, fmt.Errorf("notation: %.60q: want number/symbol, such as 15/QĐ-BNV", printed)
	}
	n, err := Read(printed[:at], printed[at+1:])
	if err == nil && n.Party != (printed[at] == '-') {
		err = fmt.Errorf("notation: %.60q: want number/type-issuer, such as 15/QĐ-BNV, or of a Party body number-type/issuer, such as 15-QĐ/ĐU", printed)
	}
	if err != nil {
		return Notation{}, err
	}
	return n, nil
}

// Read reads number and symbol from the two fields in which registers keep them. The
// year of a legal document may stand in either.
func Read(number, symbol string) (Notation, error) {
	n, err := readNumber(Clean(number))
	if err != nil {
		return Notation{}, err
	}
	symbol = Clean(symbol)
	if m := partyForm.FindStringSubmatch(symbol); m != nil && n.Year == "" {
		n.Party, n.Type, n.Groups = true, m[1], strings.Split(m[2], "-")
		return n, nil
	}
	m := stateForm.FindStringSubmatch(symbol)
	if m == nil || m[1] != "" && n.Year != "" {
		return Notation{}, fmt.Errorf("notation: symbol %.60q: want groups of letters and digits with - between them and no space, such as QĐ-UBND", symbol)
	}
	if m[1] != "" {
		n.Year = m[1]
	}
	n.Groups = strings.Split(m[2], "-")
	if _, known := TypeOf(n.Groups[0]); known && len(n.Groups) > 1 {
		n.Type, n.Groups = n.Groups[0], n.Groups[1:]
	}
	return n, nil
}

func readNumber(number string) (Notation, error) {
	m := numberForm.FindStringSubmatch(number)
	if m == nil {
		return Notation{}, fmt.Errorf("notation: number %.30q: want digits, such as 05, perhaps with one letter after them", number)
	}
	if strings.Trim(m[1], "0") == "" {
		return Notation{}, fmt.Errorf("notation: number %.30q: the first number of a year is 01", number)
	}
	return Notation{Number: m[1], Year: m[2]}, nil
}

// String is the notation as it is printed, with the zero that goes before numbers
// below ten.
func (n Notation) String() string {
	number := strings.TrimLeft(n.Number, "0")
	if digits := strings.TrimRight(number, letters(number)); len(digits) < 2 {
		number = "0" + number
	}
	if n.Party {
		return number + "-" + n.Symbol()
	}
	if n.Year != "" {
		number += "/" + n.Year
	}
	return number + "/" + n.Symbol()
}

// Symbol is all but number and year.
func (n Notation) Symbol() string {
	rest := strings.Join(n.Groups, "-")
	switch {
	case n.Type == "":
		return rest
	case n.Party:
		return n.Type + "/" + rest
	}
	return n.Type + "-" + rest
}

// letters are those runes of s that are no digits.
func letters(s string) string { return strings.Trim(s, "0123456789") }

// Join prints the two fields of a register as they stand, with the separator that
// their form asks for; fields that have no form are joined all the same.
func Join(number, symbol string) string {
	if partyForm.MatchString(symbol) && !strings.Contains(number, "/") {
		return number + "-" + symbol
	}
	return number + "/" + symbol
}

// Key is what a number and symbol are compared by, within an issuer: the year in which
// it was issued (date: yyyy-mm-dd), the number without zeros before it, the symbol.
// Empty where there is nothing to compare.
func Key(number, symbol, date string) string {
	number, symbol = strings.TrimLeft(Clean(number), "0"), Clean(symbol)
	if number == "" || symbol == "" || len(date) < 4 {
		return ""
	}
	if n, err := Read(number, symbol); err == nil {
		return date[:4] + " " + strings.TrimLeft(n.Number, "0") + " " + n.Symbol()
	}
	return date[:4] + " " + number + " " + symbol
}
