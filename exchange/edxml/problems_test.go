package edxml

import (
	"slices"
	"strings"
	"testing"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	data := messages(t)["document_0_new.edxml"]
	long := func(n int) string { return strings.Repeat("ấ", n) }
	for _, tt := range []struct {
		name   string
		change func(*Document)
		want   string // empty if there is no problem
	}{
		{"as it is", func(*Document) {}, ""},
		{"no number", func(d *Document) { d.CodeNumber = "" }, "N.MessageHeader.Code.CodeNumber"},
		{"number of 11", func(d *Document) { d.CodeNumber = long(11) }, ""},
		{"number of 12", func(d *Document) { d.CodeNumber = long(12) }, "R.MessageHeader.Code.CodeNumber"},
		{"notation of 31", func(d *Document) { d.CodeNotation = long(31) }, "R.MessageHeader.Code.CodeNotation"},
		{"no subject", func(d *Document) { d.Subject = "" }, "N.MessageHeader.Subject"},
		{"subject of 500", func(d *Document) { d.Subject = long(500) }, ""},
		{"subject of 501", func(d *Document) { d.Subject = long(501) }, "R.MessageHeader.Subject"},
		{"content of 501", func(d *Document) { d.Content = long(501) }, "R.MessageHeader.Content"},
		{"name of 201", func(d *Document) { d.From.Name = long(201) }, "R.MessageHeader.From.OrganName"},
		{"superior of 201", func(d *Document) { d.To[1].InCharge = long(201) }, "R.MessageHeader.To[2].OrganizationInCharge"},
		{"address of 251", func(d *Document) { d.From.Address = long(251) }, "R.MessageHeader.From.OrganAdd"},
		{"email of 101", func(d *Document) { d.From.Email = long(101) }, "R.MessageHeader.From.Email"},
		{"telephone of 21", func(d *Document) { d.From.Telephone = long(21) }, "R.MessageHeader.From.Telephone"},
		{"fax of 21", func(d *Document) { d.From.Fax = long(21) }, "R.MessageHeader.From.Fax"},
		{"website of 101", func(d *Document) { d.From.Website = long(101) }, "R.MessageHeader.From.Website"},
		{"code of 36", func(d *Document) { d.From.OrganID = long(36) }, "R.MessageHeader.From.OrganId"},
		{"no sender", func(d *Document) { d.From.OrganID = "" }, "N.MessageHeader.From.OrganId"},
		{"place of 51", func(d *Document) { d.Place = long(51) }, "R.MessageHeader.PromulgationInfo.Place"},
		{"type of 101", func(d *Document) { d.TypeName = long(101) }, "R.MessageHeader.DocumentType.TypeName"},
		{"type 3", func(d *Document) { d.Type = "3" }, "R.MessageHeader.DocumentType.Type"},
		{"competence of 101", func(d *Document) { d.Competence = long(101) }, "R.MessageHeader.SignerInfo.Competence"},
		{"position of 101", func(d *Document) { d.Position = long(101) }, "R.MessageHeader.SignerInfo.Position"},
		{"signer of 51", func(d *Document) { d.FullName = long(51) }, "R.MessageHeader.SignerInfo.FullName"},
		{"sphere of 101", func(d *Document) { d.Sphere = long(101) }, "R.MessageHeader.OtherInfo.SphereOfPromulgation"},
		{"typist of 11", func(d *Document) { d.TyperNotation = long(11) }, "R.MessageHeader.OtherInfo.TyperNotation"},
		{"place of 151", func(d *Document) { d.ToPlaces[1] = long(151) }, "R.MessageHeader.ToPlaces.Place[2]"},
		{"appendix of 251", func(d *Document) { d.Appendixes[0] = long(251) }, "R.MessageHeader.OtherInfo.Appendixes.Appendix[1]"},
		{"priority 5", func(d *Document) { d.Priority = "5" }, "R.MessageHeader.OtherInfo.Priority"},
		{"priority in words", func(d *Document) { d.Priority = "khẩn" }, "T.MessageHeader.OtherInfo.Priority"},
		{"pages below zero", func(d *Document) { d.PageAmount = "-1" }, "R.MessageHeader.OtherInfo.PageAmount"},
		{"copies below zero", func(d *Document) { d.PromulgationCount = "-1" }, "R.MessageHeader.OtherInfo.PromulgationAmount"},
		{"direction", func(d *Document) { d.Direction = "1" }, "T.MessageHeader.OtherInfo.Direction"},
		{"nobody receives", func(d *Document) { d.To = nil }, "N.MessageHeader.To"},
		{"twice the same receiver", func(d *Document) { d.To[1].OrganID = d.To[0].OrganID }, "M.MessageHeader.To[2].OrganId"},
		{"issued tomorrow", func(d *Document) { d.PromulgationDate = "2026/03/02" }, "R.MessageHeader.PromulgationInfo.PromulgationDate"},
		{"date in another form", func(d *Document) { d.PromulgationDate = "01/03/2026" }, "T.MessageHeader.PromulgationInfo.PromulgationDate"},
		{"a day that is none", func(d *Document) { d.DueDate = "2026/02/30" }, "T.MessageHeader.DueDate"},
		{"time with a zone", func(d *Document) { d.Traces[0].Timestamp = "2026-03-05T08:00:00Z" }, "T.TraceHeaderList.TraceHeader[1].Timestamp"},
		{"no operation", func(d *Document) { d.Business.Type = "" }, "N.TraceHeaderList.Bussiness.BussinessDocType"},
		{"operation 4", func(d *Document) { d.Business.Type = "4" }, "R.TraceHeaderList.Bussiness.BussinessDocType"},
		{"revoked without a reason", func(d *Document) { d.Business.Type, d.Business.Reason = "1", "" }, "N.TraceHeaderList.Bussiness.BussinessDocReason"},
		{"replaces nothing", func(d *Document) { d.Business.Type = "3" }, "N.TraceHeaderList.Bussiness.ReplacementInfoList"},
		{"paper 2", func(d *Document) { d.Business.Paper = "2" }, "R.TraceHeaderList.Bussiness.Paper"},
		{"answers nothing", func(d *Document) { d.ResponseFor = []Reference{{OrganID: "H14"}} }, "N.MessageHeader.ResponseFor[1].DocumentId"},
		{"attachment not listed", func(d *Document) { d.Manifest = d.Manifest[:1] }, "M.AttachmentEncoded.Attachment[2].ContentId"},
		{"attachment missing", func(d *Document) { d.Attachments = d.Attachments[:1] }, "M.edXMLManifest.Reference[2].ContentId"},
		{"attachment empty", func(d *Document) { d.Attachments[0].Encoded = "" }, "N.AttachmentEncoded.Attachment[1].ContentTransferEncoded"},
		{"attachment's name of 201", func(d *Document) { d.Attachments[0].Name = long(201) }, "R.AttachmentEncoded.Attachment[1].AttachmentName"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := parse(t, data).Document()
			tt.change(d)
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			var got []string
			for _, p := range d.Problems("2026-03-01") {
				got = append(got, p.Code)
			}
			if !slices.Equal(got, want) {
				t.Errorf("problems %q, want %q", got, want)
			}
		})
	}
}

func TestStatusProblems(t *testing.T) {
	t.Parallel()
	data := messages(t)["status_02.edxml"]
	for _, tt := range []struct {
		name   string
		change func(*Status)
		want   string
	}{
		{"as it is", func(*Status) {}, ""},
		{"code that nobody has seen", func(s *Status) { s.Code = "07" }, "R.MessageHeader.StatusCode"},
		{"code without its zero", func(s *Status) { s.Code = "2" }, "R.MessageHeader.StatusCode"},
		{"refused without a reason", func(s *Status) { s.Description = "" }, "N.MessageHeader.Description"},
		{"for nobody", func(s *Status) { s.ResponseFor.OrganID = "" }, "N.MessageHeader.ResponseFor.OrganId"},
		{"a date alone", func(s *Status) { s.Timestamp = "2026/03/06" }, "T.MessageHeader.Timestamp"},
		{"no time", func(s *Status) { s.Timestamp = "" }, "N.MessageHeader.Timestamp"},
	} {
		s := parse(t, data).Status()
		tt.change(s)
		got := s.Problems()
		if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || got[0].Code != tt.want) {
			t.Errorf("%s: problems %v, want %q", tt.name, got, tt.want)
		}
	}
}

func TestProblemsAreBounded(t *testing.T) {
	t.Parallel()
	d := &Document{To: make([]Organisation, 5000)}
	if n := len(d.Problems("2026-01-01")); n != maxProblems {
		t.Errorf("%d problems, want %d", n, maxProblems)
	}
}
