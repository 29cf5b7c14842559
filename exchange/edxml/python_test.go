package edxml

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/testtool"
)

// A pyNode is an element as Python read it.
type pyNode struct {
	Name string
	Text string
	In   []pyNode
}

// at finds the texts of the elements with a path.
func (n pyNode) at(path ...string) []string {
	if len(path) == 0 {
		return []string{n.Text}
	}
	var out []string
	for _, c := range n.In {
		if c.Name == path[0] {
			out = append(out, c.at(path[1:]...)...)
		}
	}
	return out
}

// TestPythonReadsWhatWeWrite gives a message to Python's own reader, which has no
// code in common with ours.
func TestPythonReadsWhatWeWrite(t *testing.T) {
	t.Parallel()
	python := testtool.Find(t, "python3")
	const subject = "V/v <khẩn> & \"a\u0302\u0301\" 'nháy'\tđề nghị ]]> số 5"
	l := &Letter{
		Kind: envelope.KindReplacement, Urgency: envelope.UrgencyFlash, From: envelope.AgencyRef{Code: "H01.02"}, Reason: "Thay & sửa",
		Recipients: []envelope.Recipient{{Agency: envelope.AgencyRef{Code: "H14"}}, {Agency: envelope.AgencyRef{Code: "G09.01"}}},
		Relations:  []envelope.Relation{{Kind: envelope.RelationReplaces, Document: "cũ/1"}},
		Metadata:   envelope.Metadata{DocumentID: "mới,2", Number: "05", Symbol: "QĐ-UBND", Subject: subject, TypeCode: "QĐ", IssuedDate: "2026-03-01", ToPlaces: []string{"A", "B & C"}},
		Files:      []exchange.OutgoingFile{{Name: "quyết định.pdf", MediaType: "application/pdf", Data: []byte(pdfHead)}, {Name: "b.bin", MediaType: "x/y", Data: bytes.Repeat([]byte{0, 255, 13, 10}, 5000)}},
	}
	for _, wrap := range []bool{false, true} {
		d, err := l.Document(func(a envelope.AgencyRef) Organisation {
			return Organisation{OrganID: a.Code, Name: "Cơ quan <" + a.Code + ">"}
		}, "2026/03/01 08:00:00", wrap)
		if err != nil {
			t.Fatal(err)
		}
		d.Extra = []Extra{{Path: "edXMLEnvelope/edXMLHeader", XML: "<Signature><SignatureValue>AAAA</SignatureValue></Signature>"}}
		m, err := d.Message()
		if err != nil {
			t.Fatal(err)
		}
		tree, files := pythonReads(t, python, m.Bytes())
		header := []string{"edXMLEnvelope", "edXMLHeader"}
		for path, want := range map[string][]string{
			"MessageHeader/Subject":                                                             {subject},
			"MessageHeader/From/OrganName":                                                      {"Cơ quan <H01.02>"},
			"MessageHeader/To/OrganId":                                                          {"H14", "G09.01"},
			"MessageHeader/Code/CodeNumber":                                                     {"05"},
			"MessageHeader/DocumentType/TypeName":                                               {"Quyết định"},
			"MessageHeader/PromulgationInfo/PromulgationDate":                                   {"2026/03/01"},
			"MessageHeader/OtherInfo/Priority":                                                  {"3"},
			"MessageHeader/ToPlaces/Place":                                                      {"A", "B & C"},
			"TraceHeaderList/Bussiness/BussinessDocType":                                        {"3"},
			"TraceHeaderList/Bussiness/BussinessDocReason":                                      {"Thay & sửa"},
			"TraceHeaderList/Bussiness/ReplacementInfoList/ReplacementInfo/OrganIdList/OrganId": {"H14", "G09.01"},
			"Signature/SignatureValue":                                                          {"AAAA"},
		} {
			if got := tree.at(append(header, strings.Split(path, "/")...)...); !slices.Equal(got, want) {
				t.Errorf("wrapped %v: Python reads %s as %q, want %q", wrap, path, got, want)
			}
		}
		want := []string{File{Data: l.Files[0].Data}.SHA256(), File{Data: l.Files[1].Data}.SHA256()}
		if !slices.Equal(files, want) {
			t.Errorf("wrapped %v: Python finds files %q, want %q", wrap, files, want)
		}
	}
}

// TestPythonReadsWhatIsRebuilt compares what Python reads in each message with what
// it reads in the one that its fields give: the same leaves, in whatever order.
func TestPythonReadsWhatIsRebuilt(t *testing.T) {
	t.Parallel()
	python := testtool.Find(t, "python3")
	for name, data := range messages(t) {
		if name == "document_3_replace.edxml" || strings.Contains(name, "update") || !bytes.Contains(data, []byte(Namespace)) {
			continue // without the namespace, with an extension, with an empty attachment: not for read.py
		}
		rebuilt, _, err := parse(t, data).rebuild()
		if err != nil {
			t.Fatal(err)
		}
		before, filesBefore := pythonReads(t, python, data)
		after, filesAfter := pythonReads(t, python, rebuilt.Bytes())
		if a, b := before.leaves(""), after.leaves(""); !slices.Equal(a, b) || len(a) < 10 {
			t.Errorf("%s: Python reads\n%q, of the rebuilt one\n%q", name, a, b)
		}
		if !slices.Equal(filesBefore, filesAfter) {
			t.Errorf("%s: files %q, of the rebuilt one %q", name, filesBefore, filesAfter)
		}
	}
}

// leaves lists path and text of every element with a text, sorted.
func (n pyNode) leaves(above string) []string {
	var out []string
	if n.Text != "" {
		out = append(out, above+"/"+n.Name+"="+n.Text)
	}
	for _, c := range n.In {
		out = append(out, c.leaves(above+"/"+n.Name)...)
	}
	slices.Sort(out)
	return out
}

func pythonReads(t *testing.T, python string, message []byte) (pyNode, []string) {
	t.Helper()
	cmd := exec.Command(python, "testdata/read.py")
	cmd.Stdin = bytes.NewReader(message)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python: %v\n%s", err, errors.String())
	}
	var got struct {
		Tree  pyNode
		Files []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	return got.Tree, got.Files
}
