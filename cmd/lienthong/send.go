package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"mime"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// sendFlags are what a letter is registered with (Decree 30/2020, Appendix VI).
type sendFlags struct {
	to, cc, annexes, toPlaces               []string
	number, symbol, subject, typeCode, date string
	typeName, place, due, secrecy, urgency  string
	signer, position, competence            string
	staff, documentID, requestID, dossier   string
	notBefore, repliesTo                    string
	expires                                 time.Duration
	pages                                   uint32
	exact, partial                          bool
	list, csv                               string // many letters at once
	dryRun                                  bool
}

func (a *app) sendCommand() *cobra.Command {
	var f sendFlags
	c := a.nodeFlags(&cobra.Command{
		Use:   "send --to CODE… --number N --symbol S --subject TEXT SIGNED.pdf | --list FILE.csv",
		Short: "Send a signed letter, or a list of them, to agencies (gửi văn bản)",
		Long: `Send a signed letter, with annexes, to one or more agencies. It is taken for all
recipients or for none, but with --partial: every bad field and recipient is named at
once, the recipients in a table. When the command ends well, the letter is durable at the node, which answers for it.

--list sends many: ` + listHelp,
		Example: `  lienthong send --as clerk.yaml --to H55.1 --cc H55 --number 15 --symbol BC-UBND \
    --type BC --subject "Báo cáo tình hình quý IV" --signer "Đặng Văn Hùng" --position "Chủ tịch" sealed.pdf
  lienthong send --as clerk.yaml --list giay-moi.csv --symbol GM-UBND --csv ket-qua.csv`,
		Args: args(0, 1),
		RunE: func(c *cobra.Command, in []string) error {
			if f.list != "" {
				return a.sendList(c, in, f)
			}
			if err := args(1, 1)(c, in); err != nil {
				return err
			}
			if f.csv != "" || f.dryRun {
				return failf(exitUsage, "--csv and --dry-run are of a list: --list FILE.csv")
			}
			return a.send(c.Context(), in[0], f)
		},
	})
	fl := c.Flags()
	fl.StringArrayVar(&f.to, "to", nil, "recipient, id, code or group:NAME, repeatable (kính gửi)")
	fl.StringArrayVar(&f.cc, "cc", nil, "recipient for information, the same, repeatable (để biết)")
	fl.StringArrayVar(&f.annexes, "annex", nil, "a further file, repeatable")
	fl.StringVar(&f.number, "number", "", "number (số)")
	fl.StringVar(&f.symbol, "symbol", "", "symbol (ký hiệu), such as BC-UBND")
	fl.StringVar(&f.subject, "subject", "", "subject (trích yếu)")
	fl.StringVar(&f.typeCode, "type", "", "abbreviation of the type, such as BC; none for a công văn")
	fl.StringVar(&f.typeName, "type-name", "", "name of the type")
	fl.StringVar(&f.date, "date", "", "date of issue, yyyy-mm-dd (default: today, Vietnam time)")
	fl.StringVar(&f.place, "place", "", "place of issue")
	fl.StringVar(&f.signer, "signer", "", "full name of the person who signed")
	fl.StringVar(&f.position, "position", "", "position of that person")
	fl.StringVar(&f.competence, "competence", "", "TM., KT., TL., TUQ. or Q.")
	fl.StringVar(&f.due, "due", "", "date by which an answer is wanted, yyyy-mm-dd")
	fl.StringArrayVar(&f.toPlaces, "to-place", nil, "a recipient as printed (nơi nhận), repeatable")
	fl.StringVar(&f.secrecy, "secrecy", "", "mark of secrecy (độ mật): letters that have one are refused")
	fl.StringVar(&f.urgency, "urgency", "normal", "normal, urgent (khẩn), very-urgent (thượng khẩn) or flash (hỏa tốc)")
	fl.Uint32Var(&f.pages, "pages", 0, "number of pages")
	fl.StringVar(&f.dossier, "dossier", "", "code of a one-stop dossier (mã hồ sơ); --due is the day by which its result is wanted")
	fl.StringVar(&f.repliesTo, "replies-to", "", "name or id of the letter that this answers (trả lời văn bản)")
	fl.StringVar(&f.documentID, "document-id", "", "id of the document (default: from agency, year and number)")
	fl.StringVar(&f.staff, "staff", "", "id of the person for whom this is done")
	fl.StringVar(&f.notBefore, "not-before", "", "send not before this time, RFC 3339")
	fl.DurationVar(&f.expires, "expires", 0, "how long delivery is tried (default: seven days)")
	fl.BoolVar(&f.exact, "exact", false, "send these very files, also where the node has brought one to a later level")
	fl.BoolVar(&f.partial, "partial", false, "where some recipients cannot be reached, send to the others and list these")
	fl.StringVar(&f.requestID, "request-id", "", "the same id and content is sent once")
	fl.StringVar(&f.list, "list", "", "send each letter of this CSV file")
	fl.StringVar(&f.csv, "csv", "", "with --list: write what came of each letter and recipient to a CSV file for Excel")
	fl.BoolVar(&f.dryRun, "dry-run", false, "with --list: check all of it, and send nothing")
	return c
}

var urgencies = map[string]lienthongv1.Urgency{"normal": lienthongv1.Urgency_URGENCY_NORMAL, "urgent": lienthongv1.Urgency_URGENCY_URGENT,
	"very-urgent": lienthongv1.Urgency_URGENCY_VERY_URGENT, "flash": lienthongv1.Urgency_URGENCY_FLASH}

func (a *app) send(ctx context.Context, path string, f sendFlags) error {
	request, err := a.sendRequest(f)
	if err != nil {
		return err
	}
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if request.Agency, err = profile.agency(); err != nil {
		return err
	}
	if err := addReply(ctx, c, profile, request, f.repliesTo); err != nil {
		return err
	}
	for i, name := range append([]string{path}, f.annexes...) {
		role := lienthongv1.FileRole_FILE_ROLE_ANNEX
		if i == 0 {
			role = lienthongv1.FileRole_FILE_ROLE_MAIN
		}
		file, err := a.upload(ctx, c, request.Agency, name)
		if err != nil {
			return err
		}
		request.Files = append(request.Files, &lienthongv1.OutgoingFile{Role: role, Name: file.GetName(), MediaType: file.GetMediaType(), Sha256: file.GetSha256(), Exact: f.exact})
	}
	answer, err := c.Documents.SendDocument(ctx, request)
	if err != nil {
		return a.refusedRecipients(request, err)
	}
	if err := a.printSent(answer.GetDocument()); err != nil {
		return err
	}
	return a.printLeftOut(answer.GetLeftOut())
}

// addReply says which letter a request answers; empty: none.
func addReply(ctx context.Context, c *client.Client, profile clientProfile, request *lienthongv1.SendDocumentRequest, name string) error {
	if name == "" {
		return nil
	}
	answered, _, err := find(ctx, c, profile, name)
	if err != nil {
		return err
	}
	request.Relations = append(request.Relations, &lienthongv1.Relation{Kind: lienthongv1.RelationKind_RELATION_KIND_REPLIES_TO,
		OriginAgency: answered.GetOriginAgency(), DocumentId: answered.GetMetadata().GetDocumentId(), EnvelopeDigest: answered.GetEnvelopeDigest()})
	return nil
}

func (a *app) sendRequest(f sendFlags) (*lienthongv1.SendDocumentRequest, error) {
	urgency, ok := urgencies[f.urgency]
	if !ok {
		return nil, failf(exitUsage, "--urgency %q: want normal, urgent, very-urgent or flash", f.urgency)
	}
	if len(f.to)+len(f.cc) == 0 {
		return nil, fail(exitUsage, fmt.Errorf("no recipient"), "name one or more: --to CODE")
	}
	now := a.now()
	if f.date == "" {
		f.date = now.In(hanoi).Format(time.DateOnly)
	}
	m := &lienthongv1.SendDocumentRequest{
		Metadata: &lienthongv1.DocumentMetadata{DocumentId: f.documentID, Number: f.number, Symbol: f.symbol, Subject: f.subject,
			TypeCode: f.typeCode, TypeName: f.typeName, IssuedDate: f.date, Place: f.place, DueDate: f.due, ToPlaces: f.toPlaces,
			Signer:  &lienthongv1.SignerInfo{Competence: f.competence, Position: f.position, FullName: f.signer},
			Secrecy: f.secrecy, PageAmount: f.pages, DossierCode: f.dossier},
		Urgency: urgency, RequestId: f.requestID, Partial: f.partial,
	}
	if f.expires != 0 {
		m.ExpiresAt = now.Add(f.expires).UnixMicro()
	}
	if f.staff != "" {
		m.Staff = &lienthongv1.Staff{Id: f.staff}
	}
	if f.notBefore != "" {
		at, err := time.Parse(time.RFC3339, f.notBefore)
		if err != nil {
			return nil, failf(exitUsage, "--not-before %q: want RFC 3339, such as 2026-11-21T10:00:00+07:00", f.notBefore)
		}
		m.NotBefore = at.UnixMicro()
	}
	for _, code := range f.to {
		m.Recipients = append(m.Recipients, &lienthongv1.OutgoingRecipient{Agency: code, Role: lienthongv1.RecipientRole_RECIPIENT_ROLE_TO})
	}
	for _, code := range f.cc {
		m.Recipients = append(m.Recipients, &lienthongv1.OutgoingRecipient{Agency: code, Role: lienthongv1.RecipientRole_RECIPIENT_ROLE_COPY})
	}
	return m, nil
}

// upload gives a file to the node, and shows how far it is where a person looks.
func (a *app) upload(ctx context.Context, c *client.Client, agency, path string) (*lienthongv1.File, error) {
	in, err := openDocument(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	name := filepath.Base(path)
	bar := a.progress(name)
	defer bar.end()
	return c.Upload(ctx, agency, name, mediaType(name), in, in.Size(), bar.show)
}

// mediaType goes by the ending of a name.
func mediaType(name string) string {
	if media := mime.TypeByExtension(strings.ToLower(filepath.Ext(name))); media != "" {
		return media
	}
	return "application/octet-stream"
}

func (a *app) printSent(d *lienthongv1.Document) error {
	if a.json {
		return a.printProto(d)
	}
	a.printf(a.t("sent: %s, envelope digest %s\n", "đã gửi: %s, mã băm %s\n"), d.GetName(), hex.EncodeToString(d.GetEnvelopeDigest()))
	for _, s := range d.GetDeliveries() {
		a.printf("  %-40s %s\n", s.GetRecipientName()+" ("+s.GetRecipient().GetAgency().GetCode()+")", a.stateText(s.GetState()))
	}
	a.printWarnings(d)
	a.printf(a.t("follow it: lienthong show %s\n", "theo dõi: lienthong show %s\n"), d.GetName())
	return nil
}
