package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lienthong/exchange"
	"lienthong/exchange/notation"
	"lienthong/internal/sheet"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// check makes the request of each letter, asks the node what it would say to it, and learns
// what was sent already. What is wrong with lines goes to faults; an error is what stands in
// the way of all.
func (r *listRun) check(ctx context.Context, partial bool, faults *sheet.Faults) error {
	own, err := r.profile.agency()
	if err != nil {
		return err
	}
	if r.agency, err = r.agencyID(ctx, own); err != nil {
		return err
	}
	bar := r.a.progress(r.a.t("checking", "kiểm tra"))
	defer bar.end()
	digests := map[string][]byte{}
	for i, l := range r.letters {
		if err := r.request(ctx, l, digests); err != nil {
			if err := r.faultOf(l, err, faults); err != nil {
				return err
			}
			continue
		}
		if err := r.checkOne(ctx, l, partial, faults); err != nil {
			return err
		}
		bar.files(i+1, len(r.letters))
	}
	return nil
}

// agencyID is the id of the agency, by whatever code it is named: a request id that is made
// from it is the same under all.
func (r *listRun) agencyID(ctx context.Context, own string) (string, error) {
	answer, err := r.c.Documents.ResolveRecipients(ctx, &lienthongv1.ResolveRecipientsRequest{Codes: []string{own}})
	if err != nil {
		return "", err
	}
	for _, one := range answer.GetRecipients() {
		if one.GetAgency() != "" {
			return one.GetAgency(), nil
		}
	}
	return own, nil // the node says what is wrong with it
}

// request makes the request of a letter. It is the same whenever it is made, and its id is
// that of the letter in the agency's register, so that nothing is sent twice.
func (r *listRun) request(ctx context.Context, l *listed, digests map[string][]byte) (err error) {
	if l.request, err = r.a.sendRequest(l.f); err != nil {
		return err
	}
	m := l.request
	m.Agency, m.Partial = r.agency, false
	if l.expires != "" {
		at, err := time.Parse(time.RFC3339, l.expires)
		if err != nil {
			return err
		}
		m.ExpiresAt = at.UnixMicro()
	}
	id := sha256.Sum256([]byte(r.agency + "\n" + notation.Key(l.f.number, l.f.symbol, l.f.date)))
	m.RequestId = "list-" + hex.EncodeToString(id[:16])
	for i, path := range l.paths {
		if digests[path] == nil {
			if digests[path], err = fileDigest(path); err != nil {
				return err
			}
		}
		role, name := lienthongv1.FileRole_FILE_ROLE_ANNEX, filepath.Base(path)
		if i == 0 {
			role = lienthongv1.FileRole_FILE_ROLE_MAIN
		}
		m.Files = append(m.Files, &lienthongv1.OutgoingFile{Role: role, Name: name, MediaType: mediaType(name), Sha256: digests[path], Exact: l.f.exact})
	}
	return addReply(ctx, r.c, r.profile, m, l.f.repliesTo)
}

func fileDigest(path string) ([]byte, error) {
	in, err := openDocument(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// checkOne asks for the letter to all its recipients first. Where that is refused and partial
// is wanted, and where it was sent in part before, it asks for it in part.
func (r *listRun) checkOne(ctx context.Context, l *listed, partial bool, faults *sheet.Faults) error {
	ask := func() (*lienthongv1.CheckDocumentResponse, error) {
		return r.c.Documents.CheckDocument(ctx, &lienthongv1.CheckDocumentRequest{Agency: r.agency, Request: l.request})
	}
	answer, err := ask()
	var refused *exchange.Error
	if errors.As(err, &refused) && (refused.Reason == reasonReused || partial && refused.Code == exchange.Invalid) {
		l.request.Partial = true
		answer, err = ask()
	}
	if err != nil {
		return r.faultOf(l, err, faults)
	}
	if l.document = answer.GetDocument(); l.document != nil {
		l.before, l.leftOut = true, answer.GetLeftOut()
		return nil
	}
	for _, w := range answer.GetWarnings() {
		if w.GetReason() == "DUPLICATE_NUMBER" { // by another user, by hand, or long ago: a list is no place to do it again
			faults.Add(l.line, "number", "%s", r.a.faultText(w.GetReason(), w.GetText()))
		}
	}
	return nil
}

const reasonReused = "REQUEST_ID_REUSED"

// faultOf makes faults of what is wrong with one letter, and gives back what is wrong with more.
func (r *listRun) faultOf(l *listed, err error, faults *sheet.Faults) error {
	var refused *exchange.Error
	var known *failure
	switch {
	case errors.As(err, &refused) && refused.Reason == reasonReused:
		faults.Add(l.line, "number", r.a.t("%s was sent already, with another content: put the line back as it was, or send a new version (lienthong update, lienthong replace): %s",
			"%s đã gửi trước đó với nội dung khác: trả dòng này về như cũ, hoặc gửi bản cập nhật, thay thế (lienthong update, lienthong replace): %s"), notation.Join(l.f.number, l.f.symbol), refused.Text)
	case errors.As(err, &refused) && refused.Code == exchange.Invalid && len(refused.Fields) > 0:
		for _, f := range refused.Fields {
			name, text := l.column(f)
			faults.Add(l.line, name, "%s", text+r.a.faultText(f.Reason, f.Text))
		}
	case errors.As(err, &refused) && refused.Code == exchange.NotFound && l.f.repliesTo != "":
		faults.Add(l.line, "replies-to", "%s", refused.Text)
	case errors.As(err, &known) && refused == nil:
		faults.Add(l.line, "line", "%s", err.Error())
	default:
		return err
	}
	return nil
}

// listColumns are the columns of fields that are not called like them.
var listColumns = map[string]string{"type_code": "type", "issued_date": "date", "due_date": "due", "signer.full_name": "signer", "signer.position": "position",
	"signer.competence": "competence", "page_amount": "pages", "dossier_code": "dossier", "expires_at": "expires", "relations": "replies-to"}

// column is that of a field of the request, and what of several values in it is meant.
func (l *listed) column(f exchange.Field) (name, value string) {
	if i, ok := f.Index("recipients"); ok && i < len(l.request.GetRecipients()) {
		if to := l.request.GetRecipients()[i]; to.GetRole() == lienthongv1.RecipientRole_RECIPIENT_ROLE_COPY {
			return "cc", to.GetAgency() + ": "
		}
		return "to", l.request.GetRecipients()[i].GetAgency() + ": "
	}
	if i, ok := f.Index("files"); ok && i < len(l.paths) {
		if i == 0 {
			return "file", l.paths[i] + ": "
		}
		return "annex", l.paths[i] + ": "
	}
	path := strings.TrimPrefix(f.Path, "metadata.")
	for _, p := range []string{path, strings.SplitN(path, "[", 2)[0]} {
		if name, ok := listColumns[p]; ok {
			return name, ""
		}
	}
	name = strings.ReplaceAll(strings.SplitN(path, "[", 2)[0], "_", "-")
	return map[bool]string{true: "to-place", false: name}[name == "to-places"], ""
}

// faultWords say in Vietnamese what is wrong with a field, apart from [recipientWords].
var faultWords = map[string]string{
	"REQUIRED": "còn trống, bắt buộc phải có", "TOO_LONG": "quá dài", "NOT_TEXT": "có ký tự không hợp lệ", "NOT_A_DATE": "không phải ngày hợp lệ",
	"IN_FUTURE": "là ngày chưa tới", "IN_PAST": "đã qua", "BEFORE_ISSUE": "trước ngày ban hành", "SECRET": "có dấu độ mật, không được gửi qua mạng này",
	"NOT_RESERVED": "số chưa được cấp", "NUMBER_VOID": "số đã hủy", "DUPLICATE_NUMBER": "đã có văn bản mang số này", "TOO_LARGE": "tệp quá lớn",
}

// faultText is what a node says about a field, behind the words for it where clerks read
// Vietnamese.
func (a *app) faultText(reason, text string) string {
	words := faultWords[reason]
	if words == "" {
		words = recipientWords[reason]
	}
	if words == "" {
		return text
	}
	return a.t(text, words+" ("+text+")")
}

// listFaults says what is wrong with a list, line by line.
func (a *app) listFaults(path string, err error) error {
	var f *sheet.Faults
	if errors.As(err, &f) {
		slices.SortStableFunc(f.List, func(x, y sheet.Fault) int { return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Field, y.Field)) })
	}
	return a.faults(path, err, a.t("nothing was sent", "chưa gửi văn bản nào"))
}
