package edxml

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lienthong/envelope"
)

func TestLetter(t *testing.T) {
	t.Parallel()
	d := parse(t, messages(t)["document_1_revoke.edxml"]).Document()
	l, problems, err := d.Letter("2026-12-31", DefaultLimits())
	if err != nil || len(problems) > 0 {
		t.Fatalf("problems %v, %v", problems, err)
	}
	if len(l.Files) != 1 || l.Files[0].Role != envelope.FileMain || l.Files[0].MediaType != "application/pdf" || !strings.HasPrefix(string(l.Files[0].Data), "%PDF-1.4\n%\xe2\xe3") {
		t.Errorf("files %+v", l.Files)
	}
	l.Files = nil
	code := func(c string) envelope.AgencyRef { return envelope.AgencyRef{Code: c} }
	want := &Letter{
		Kind: envelope.KindRecall, Urgency: envelope.UrgencyUrgent, From: code("H01.02"), Reason: "Ban hành nhầm",
		Recipients: []envelope.Recipient{{Agency: code("000.00.00.H41"), Role: envelope.RecipientTo}, {Agency: code("H14"), Role: envelope.RecipientTo}},
		Relations: []envelope.Relation{
			{Kind: envelope.RelationRecalls, Origin: code("H01.02"), Document: "H01.02,2026/03/02,11/UBND-VX"},
			{Kind: envelope.RelationRepliesTo, Origin: code("H14"), Document: "H14,2026/02/01,5/UBND"},
		},
		Metadata: envelope.Metadata{
			DocumentID: "H01.02,2026/03/02,11/UBND-VX", Number: "11", Symbol: "UBND-VX", Subject: "V/v thử nghiệm liên thông số 1",
			TypeCode: "QĐ", TypeName: "Quyết định", IssuedDate: "2026-03-02", Place: "Mẫu", DueDate: "2026-03-20",
			Signer:   envelope.SignerInfo{Competence: "KT. CHỦ TỊCH", Position: "PHÓ CHỦ TỊCH", FullName: "Trần Thị B"},
			ToPlaces: []string{"Như trên", "Lưu: VT, P&TH"}, PageAmount: 3, Summary: "Nội dung tóm tắt",
		},
		Staff: envelope.Staff{ID: "st-7", Name: "Lê Văn C", Department: "Văn thư"},
	}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Errorf("letter (-want +got):\n%s", diff)
	}
	if p := l.Metadata.Problems("2026-12-31"); len(p) > 0 {
		t.Errorf("the exchange finds problems: %v", p)
	}
}

// TestLetterThereAndBack holds for every kind: what the exchange knows of a letter
// comes back from the message that it is written as.
func TestLetterThereAndBack(t *testing.T) {
	t.Parallel()
	for name, data := range messages(t) {
		d := parse(t, data).Document()
		if d == nil {
			continue
		}
		for _, wrap := range []bool{false, true} {
			l, _, err := d.Letter("2026-12-31", DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			out, err := l.Document(func(a envelope.AgencyRef) Organisation {
				return Organisation{OrganID: a.Code, Name: "Cơ quan " + a.Code}
			},
				FormatTime(time.Unix(1772700000, 0)), wrap)
			if err != nil {
				t.Fatal(err)
			}
			if out.Traces[0].Timestamp != "2026/03/05 15:40:00" {
				t.Errorf("trace at %s, want Vietnam's time", out.Traces[0].Timestamp)
			}
			m, err := out.Message()
			if err != nil {
				t.Fatal(err)
			}
			again, problems, err := m.Document().Letter("2026-12-31", DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range problems {
				if name != "document_3_replace.edxml" || !strings.Contains(p.Text, "is empty") {
					t.Errorf("%s: %s", name, p)
				}
			}
			for i := range l.Files {
				again.Files[i].MediaType = l.Files[i].MediaType // a wrapper hides all but a PDF's
			}
			if diff := cmp.Diff(l, again); diff != "" {
				t.Errorf("%s, wrapped %v (-there +back):\n%s", name, wrap, diff)
			}
		}
	}
}

func TestStatusThereAndBack(t *testing.T) {
	t.Parallel()
	detail := envelope.StatusDetail{Code: 2, Reason: "Sai nơi nhận", Staff: envelope.Staff{ID: "7", Name: "Lê Văn C", Department: "Văn thư"}}
	s := StatusOf(detail, Organisation{OrganID: "H14"}, Reference{OrganID: "H01", DocumentID: "x"}, "2026/03/05 08:00:00")
	m, err := s.Message()
	if err != nil {
		t.Fatal(err)
	}
	got, problems := m.Status().Detail()
	if diff := cmp.Diff(detail, got); diff != "" || len(problems) > 0 {
		t.Errorf("problems %v (-want +got):\n%s", problems, diff)
	}
	at, err := ParseTime(m.Status().Timestamp)
	if err != nil || at.UTC().Format(time.RFC3339) != "2026-03-05T01:00:00Z" {
		t.Errorf("time %v, %v", at, err)
	}
}

func TestUrgency(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]envelope.Urgency{"": 1, "0": 1, "1": 2, "2": 3, "3": 4, "4": 4, "9": 1, "x": 1} {
		if got := urgency(p); got != want {
			t.Errorf("priority %q is urgency %d, want %d", p, got, want)
		}
	}
	if priority(0) != "0" || priority(envelope.UrgencyFlash) != "3" {
		t.Errorf("priorities %s, %s", priority(0), priority(envelope.UrgencyFlash))
	}
}

func TestLetterOfUnknownKind(t *testing.T) {
	t.Parallel()
	l := &Letter{Kind: 99}
	if _, err := l.Document(func(envelope.AgencyRef) Organisation { return Organisation{} }, "", false); err == nil {
		t.Error("no error")
	}
}
