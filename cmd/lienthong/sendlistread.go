package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lienthong/exchange/notation"
	"lienthong/internal/sheet"
)

// maxListed bounds a list: more letters than an agency sends in a month.
const maxListed = 10_000

// listForm has the columns of a list: the flags of send, their Vietnamese names, and two
// names that are at hand.
var listForm = sheet.Form{MaxRows: maxListed, Needed: []string{"number", "subject", "file"},
	Want: "number, symbol, subject, type, type-name, date, to, cc, file, annex, urgency, due, signer, position, competence, place, pages, to-place, dossier, replies-to, not-before, expires, document-id, staff",
	Names: map[string]string{
		"number": "number", "symbol": "symbol", "subject": "subject", "type": "type", "type-name": "type-name", "date": "date", "to": "to", "cc": "cc",
		"file": "file", "annex": "annex", "urgency": "urgency", "due": "due", "signer": "signer", "position": "position", "competence": "competence",
		"place": "place", "pages": "pages", "to-place": "to-place", "dossier": "dossier", "replies-to": "replies-to", "not-before": "not-before",
		"expires": "expires", "document-id": "document-id", "staff": "staff", "secrecy": "secrecy", "recipients": "to", "annexes": "annex",
		"số": "number", "ký hiệu": "symbol", "trích yếu": "subject", "loại": "type", "tên loại": "type-name", "ngày": "date", "ngày ban hành": "date",
		"kính gửi": "to", "nơi nhận": "to", "để biết": "cc", "tệp": "file", "phụ lục": "annex", "độ khẩn": "urgency", "hạn trả lời": "due",
		"người ký": "signer", "chức vụ": "position", "nơi ban hành": "place", "số trang": "pages", "mã hồ sơ": "dossier", "ghi chú": "", "note": "", "stt": ""}}

// urgencyWords are the Vietnamese ones, for lists that clerks write.
var urgencyWords = map[string]string{"thường": "normal", "khẩn": "urgent", "thượng khẩn": "very-urgent", "hỏa tốc": "flash", "hoả tốc": "flash"}

// readList reads a list; what is wrong with lines goes to faults, and these lines are not
// among the letters. An error says that it is no list.
func (a *app) readList(f sendFlags, faults *sheet.Faults) ([]*listed, error) {
	in, err := os.Open(f.list)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var out []*listed
	lines := map[string]int{}
	err = listForm.Read(in, faults, func(line int, names, values []string) {
		if !slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
			return // as spreadsheets leave them at the end
		}
		l := &listed{line: line, f: f}
		had := len(faults.List) + faults.More
		for i, name := range names {
			if values[i] != "" {
				a.setCell(l, name, values[i], faults)
			}
		}
		a.checkListed(l, lines, faults)
		if had == len(faults.List)+faults.More {
			out = append(out, l)
		}
	})
	var wrong *sheet.Faults
	switch {
	case errors.As(err, &wrong):
		return out, nil
	case err == nil && len(out) == 0 && faults.Or() == nil:
		return nil, errors.New(a.t("no letters: the list has no line after the first", "không có văn bản nào: danh sách không có dòng nào sau dòng đầu"))
	}
	return out, err
}

// setCell puts what stands in a column where the flag of that name would put it.
func (a *app) setCell(l *listed, name, value string, faults *sheet.Faults) {
	f := &l.f
	texts := map[string]*string{"number": &f.number, "symbol": &f.symbol, "subject": &f.subject, "type": &f.typeCode, "type-name": &f.typeName,
		"date": &f.date, "due": &f.due, "signer": &f.signer, "position": &f.position, "competence": &f.competence, "place": &f.place, "dossier": &f.dossier,
		"replies-to": &f.repliesTo, "not-before": &f.notBefore, "document-id": &f.documentID, "staff": &f.staff, "secrecy": &f.secrecy,
		"urgency": &f.urgency, "file": &l.file, "expires": &l.expires}
	lists := map[string]*[]string{"to": &f.to, "cc": &f.cc, "annex": &f.annexes, "to-place": &f.toPlaces}
	switch {
	case texts[name] != nil:
		*texts[name] = value
	case lists[name] != nil:
		*lists[name] = parted(value)
	case name == "pages":
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			faults.Add(l.line, name, a.t("is %.20q, want a number", "là %.20q, cần một số"), value)
		}
		f.pages = uint32(n)
	}
}

// parted takes a cell with several values apart.
func parted(cell string) (out []string) {
	for _, one := range strings.FieldsFunc(cell, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

// checkListed checks what can be checked without the node, and makes one form of each value.
func (a *app) checkListed(l *listed, lines map[string]int, faults *sheet.Faults) {
	f := &l.f
	for _, need := range []struct{ name, value string }{{"number", f.number}, {"symbol", f.symbol}, {"subject", f.subject}, {"date", f.date}, {"file", l.file},
		{"to", strings.Join(append(slices.Clone(f.to), f.cc...), "")}} {
		if need.value == "" {
			faults.Add(l.line, need.name, "%s", a.t("is empty, and is required: fill it in", "còn trống, bắt buộc phải có"))
		}
	}
	a.listedTimes(l, faults)
	word := strings.ToLower(notation.Clean(f.urgency))
	if known, ok := urgencyWords[word]; ok {
		word = known
	}
	if _, ok := urgencies[word]; !ok {
		faults.Add(l.line, "urgency", a.t("is %.40q, want normal, urgent, very-urgent or flash", "là %.40q, cần: thường, khẩn, thượng khẩn hoặc hỏa tốc"), f.urgency)
	}
	f.urgency = word
	if key := notation.Key(f.number, f.symbol, f.date); key != "" {
		if first, twice := lines[key]; twice {
			faults.Add(l.line, "number", a.t("%s is that of line %d already: a letter is one line, with all its recipients", "%s đã có ở dòng %d: mỗi văn bản một dòng, ghi mọi nơi nhận"),
				notation.Join(f.number, f.symbol), first)
		} else {
			lines[key] = l.line
		}
	}
	a.listedFiles(l, faults)
}

// listedTimes writes days and times as the node reads them.
func (a *app) listedTimes(l *listed, faults *sheet.Faults) {
	for name, value := range map[string]*string{"date": &l.f.date, "due": &l.f.due} {
		at, ok := parseDay(*value)
		switch {
		case ok:
			*value = at.Format(time.DateOnly)
		case *value != "":
			faults.Add(l.line, name, a.t("is %.40q, want a day, such as 2026-11-20 or 20/11/2026", "là %.40q, cần một ngày, như 20/11/2026 hoặc 2026-11-20"), *value)
		}
	}
	for name, value := range map[string]*string{"not-before": &l.f.notBefore, "expires": &l.expires} {
		at, ok := parseDay(*value)
		if ok && name == "expires" {
			at = at.AddDate(0, 0, 1) // when that day is over
		}
		if !ok {
			var err error
			at, err = time.Parse(time.RFC3339, *value)
			ok = err == nil
		}
		switch {
		case ok:
			*value = at.Format(time.RFC3339)
		case *value != "":
			faults.Add(l.line, name, a.t("is %.40q, want a day, or a time of RFC 3339 such as 2026-11-21T10:00:00+07:00", "là %.40q, cần một ngày, hoặc thời điểm như 2026-11-21T10:00:00+07:00"), *value)
		}
	}
}

// parseDay reads a day in Vietnam, as programs or as people there write it.
func parseDay(text string) (time.Time, bool) {
	for _, form := range []string{time.DateOnly, "2/1/2006"} {
		if at, err := time.ParseInLocation(form, text, hanoi); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// listedFiles finds the files of a letter, beside the list. What is no PDF at all is told now,
// and not by the node when half of the list is sent.
func (a *app) listedFiles(l *listed, faults *sheet.Faults) {
	base := filepath.Dir(l.f.list)
	for i, name := range append([]string{l.file}, l.f.annexes...) {
		if name == "" {
			continue
		}
		column := "annex"
		if i == 0 {
			column = "file"
		}
		path := under(base, name)
		if text := a.fileFault(path, i == 0); text != "" {
			faults.Add(l.line, column, "%s", text)
		}
		l.paths = append(l.paths, path)
	}
}

func (a *app) fileFault(path string, main bool) string {
	in, err := openDocument(path)
	if err != nil {
		return err.Error()
	}
	defer in.Close()
	head := make([]byte, 1024)
	n, err := in.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err.Error()
	}
	if main && !bytes.Contains(head[:n], []byte("%PDF-")) {
		return fmt.Sprintf(a.t("%s: no PDF file, and it is the letter itself", "%s: không phải tệp PDF, mà là văn bản chính"), path)
	}
	return ""
}
