package signer

import "lienthong/signer/pdf"

// ClaimOf returns what a file claims: the part and level of PDF/A, and the part of PDF/UA.
func ClaimOf(f *pdf.File) (archive int, level string, access int) {
	_, catalog, err := f.Latest().Catalog()
	if err != nil {
		return 0, "", 0
	}
	c := readClaim(f.Latest(), catalog)
	return c.archive, c.level, c.access
}

// ClaimIn returns the same of metadata, as people write it.
func ClaimIn(xmp []byte) string {
	var c claim
	c.readXMP(xmp)
	return c.String()
}

// CodeOf is the code of what a format says, "" where it has none.
func CodeOf(format string) string {
	if t := texts()[format]; t != nil {
		return t.code
	}
	return ""
}

// HasCause reports whether a check says in Vietnamese what it means that it failed.
func HasCause(check string) bool { return causes[check].vi != "" }

// HasWord reports whether a value has a word in Vietnamese.
func HasWord(value string) bool { return vocabulary[value] != "" }

// A TextRow is a text as the tables have it.
type TextRow struct {
	Code, English, Vietnamese string
	Names, Verbs              []string
}

// TextRows are all texts, with the causes.
func TextRows() (list []TextRow) {
	for _, t := range texts() {
		list = append(list, TextRow{t.code, t.en, t.vi, t.names, t.verbs})
	}
	for _, c := range causes {
		list = append(list, TextRow{Code: c.code, Vietnamese: c.vi, Names: []string{"cause"}})
	}
	return list
}

// Said is a finding that says a format.
func Said(format string, args ...any) Finding {
	return finding(rule{name: "test"}, Warning, "", format, args...)
}

// Technical is what precedes what a layer below says.
const Technical = technicalWords

// MaxParams is how many parameters a text may have.
const MaxParams = maxParams
