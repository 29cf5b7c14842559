package edxml

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Problem is a value that breaks a rule. Code begins with what is wrong: N. it is
// missing, R. out of range, M. it does not match another, T. of the wrong type;
// then comes the path of the element, as in R.MessageHeader.To[2].Email.
type Problem struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func (p Problem) String() string { return p.Code + ": " + p.Text }

// Formats of edXML, without a zone: they are Vietnam's time.
const (
	dateFormat = "2006/01/02"
	timeFormat = "2006/01/02 15:04:05"
)

// Vietnam has had no summer time since 1975, so its zone needs no database.
var vietnam = time.FixedZone("+07", 7*3600)

// ParseTime reads a time of a message: yyyy/MM/dd HH:mm:ss in Vietnam's time.
func ParseTime(s string) (time.Time, error) { return time.ParseInLocation(timeFormat, s, vietnam) }

// FormatTime writes a time as messages have it.
func FormatTime(t time.Time) string { return t.In(vietnam).Format(timeFormat) }

// ParseDate reads a date of a message, yyyy/MM/dd, and gives it as yyyy-mm-dd.
func ParseDate(s string) (string, error) {
	t, err := time.Parse(dateFormat, s)
	if err != nil {
		return "", err
	}
	return t.Format(time.DateOnly), nil
}

// FormatDate turns yyyy-mm-dd into yyyy/MM/dd.
func FormatDate(s string) string { return strings.ReplaceAll(s, "-", "/") }

// maxProblems bounds a list: nobody reads more, and a hostile message can have many.
const maxProblems = 200

// A judge collects problems.
type judge struct{ found []Problem }

func (j *judge) add(kind, path, format string, args ...any) {
	if len(j.found) < maxProblems {
		j.found = append(j.found, Problem{kind + "." + path, fmt.Sprintf(format, args...)})
	}
}

func (j *judge) need(path, value string) {
	if value == "" {
		j.add("N", path, "is missing")
	}
}

// most checks a length in characters.
func (j *judge) most(path, value string, most int) {
	if n := utf8.RuneCountInString(value); n > most {
		j.add("R", path, "has %d characters, at most %d", n, most)
	}
}

// number checks an integer from least to most; an empty value is right.
func (j *judge) number(path, value string, least, most int) {
	n, err := strconv.Atoi(value)
	switch {
	case value == "":
	case err != nil:
		j.add("T", path, "is %.20q, want a number", value)
	case n < least || n > most:
		j.add("R", path, "is %d, want %d to %d", n, least, most)
	}
}

func (j *judge) date(path, value string) {
	if _, err := ParseDate(value); value != "" && err != nil {
		j.add("T", path, "is %.20q, want a date yyyy/MM/dd", value)
	}
}

func (j *judge) time(path, value string) {
	if _, err := ParseTime(value); value != "" && err != nil {
		j.add("T", path, "is %.30q, want a time yyyy/MM/dd HH:mm:ss", value)
	}
}

// Problems checks the limits of the standard and of Decree 30/2020, Appendix VI.
// today is the date in Vietnam, yyyy-mm-dd: nothing is issued later.
func (d *Document) Problems(today string) []Problem {
	j := &judge{}
	d.parties(j)
	d.texts(j)
	d.numbers(j)
	if date, err := ParseDate(d.PromulgationDate); err == nil && date > today {
		j.add("R", "MessageHeader.PromulgationInfo.PromulgationDate", "is %s, after today, %s", d.PromulgationDate, today)
	}
	for i, r := range d.ResponseFor {
		j.reference(fmt.Sprintf("MessageHeader.ResponseFor[%d]", i+1), r)
	}
	for i, t := range d.Traces {
		j.time(fmt.Sprintf("TraceHeaderList.TraceHeader[%d].Timestamp", i+1), t.Timestamp)
	}
	d.business(j)
	d.manifest(j)
	return j.found
}

func (d *Document) parties(j *judge) {
	j.organisation("MessageHeader.From", d.From)
	if len(d.To) == 0 {
		j.add("N", "MessageHeader.To", "is missing: nobody receives the document")
	}
	seen := map[string]int{}
	for i, to := range d.To {
		path := fmt.Sprintf("MessageHeader.To[%d]", i+1)
		j.organisation(path, to)
		if first, again := seen[to.OrganID]; again && to.OrganID != "" {
			j.add("M", path+".OrganId", "is %.40q, as in To[%d]: an agency receives a document once", to.OrganID, first)
		} else {
			seen[to.OrganID] = i + 1
		}
	}
}

func (j *judge) organisation(path string, o Organisation) {
	j.need(path+".OrganId", o.OrganID)
	j.most(path+".OrganId", o.OrganID, 35)
	j.most(path+".OrganizationInCharge", o.InCharge, 200)
	j.most(path+".OrganName", o.Name, 200)
	j.most(path+".OrganAdd", o.Address, 250)
	j.most(path+".Email", o.Email, 100)
	j.most(path+".Telephone", o.Telephone, 20)
	j.most(path+".Fax", o.Fax, 20)
	j.most(path+".Website", o.Website, 100)
}

func (d *Document) texts(j *judge) {
	for _, f := range []struct {
		path, value string
		most        int
		required    bool
	}{
		{"Code.CodeNumber", d.CodeNumber, 11, true}, {"Code.CodeNotation", d.CodeNotation, 30, true},
		{"Subject", d.Subject, 500, true}, {"Content", d.Content, 500, false},
		{"PromulgationInfo.Place", d.Place, 50, false}, {"PromulgationInfo.PromulgationDate", d.PromulgationDate, 10, true},
		{"DocumentType.TypeName", d.TypeName, 100, false}, {"DocumentId", d.DocumentID, 200, true},
		{"SignerInfo.Competence", d.Competence, 100, false}, {"SignerInfo.Position", d.Position, 100, false},
		{"SignerInfo.FullName", d.FullName, 50, false},
		{"OtherInfo.SphereOfPromulgation", d.Sphere, 100, false}, {"OtherInfo.TyperNotation", d.TyperNotation, 10, false},
	} {
		if f.required {
			j.need("MessageHeader."+f.path, f.value)
		}
		j.most("MessageHeader."+f.path, f.value, f.most)
	}
	for i, v := range d.ToPlaces {
		j.most(fmt.Sprintf("MessageHeader.ToPlaces.Place[%d]", i+1), v, 150)
	}
	for i, v := range d.Appendixes {
		j.most(fmt.Sprintf("MessageHeader.OtherInfo.Appendixes.Appendix[%d]", i+1), v, 250)
	}
	j.date("MessageHeader.PromulgationInfo.PromulgationDate", d.PromulgationDate)
	j.date("MessageHeader.DueDate", d.DueDate)
}

func (d *Document) numbers(j *judge) {
	const many = 1 << 30
	j.number("MessageHeader.DocumentType.Type", d.Type, 1, 2)
	j.number("MessageHeader.OtherInfo.Priority", d.Priority, 0, 4)
	j.number("MessageHeader.OtherInfo.PromulgationAmount", d.PromulgationCount, 0, many)
	j.number("MessageHeader.OtherInfo.PageAmount", d.PageAmount, 0, many)
	j.number("MessageHeader.SteeringType", d.SteeringType, 0, many)
	if d.Direction != "" && d.Direction != "true" && d.Direction != "false" {
		j.add("T", "MessageHeader.OtherInfo.Direction", "is %.20q, want true or false", d.Direction)
	}
}

func (j *judge) reference(path string, r Reference) {
	j.need(path+".OrganId", r.OrganID)
	if r.Code == "" && r.DocumentID == "" {
		j.add("N", path+".DocumentId", "is missing, and so is Code: no document is named")
	}
	j.date(path+".PromulgationDate", r.PromulgationDate)
}

// Problems checks a status.
func (s *Status) Problems() []Problem {
	j := &judge{}
	j.organisation("MessageHeader.From", s.From)
	j.reference("MessageHeader.ResponseFor", s.ResponseFor)
	switch s.Code {
	case "01", "02", "03", "04", "05", "06", "13", "15", "16":
	case "":
		j.need("MessageHeader.StatusCode", s.Code)
	default:
		j.add("R", "MessageHeader.StatusCode", "is %.20q, want 01 to 06, 13, 15 or 16", s.Code)
	}
	if (s.Code == "02" || s.Code == "13") && s.Description == "" {
		j.add("N", "MessageHeader.Description", "is missing: status %s needs a reason", s.Code)
	}
	j.need("MessageHeader.Timestamp", s.Timestamp)
	j.time("MessageHeader.Timestamp", s.Timestamp)
	return j.found
}
