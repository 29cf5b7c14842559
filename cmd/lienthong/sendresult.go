package main

import (
	"errors"
	"slices"

	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// recipientWords say in Vietnamese why a letter does not go to a recipient.
var recipientWords = map[string]string{
	exchange.ReasonUnknownRecipient: "không có trong danh bạ",
	exchange.ReasonRecipientClosed:  "đã ngừng hoạt động",
	exchange.ReasonNoRoute:          "không có đường gửi tới",
	exchange.ReasonNoGroup:          "không có nhóm này",
	"DUPLICATE":                     "ghi hai lần",
}

// printLeftOut lists those to whom a partial request did not go.
func (a *app) printLeftOut(list []*lienthongv1.LeftOut) error {
	if a.json {
		for _, l := range list {
			if err := a.printProto(l); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		return nil
	}
	a.printf(a.t("not sent to %d of the recipients:\n", "chưa gửi tới %d nơi nhận sau:\n"), len(list))
	t := a.recipientTable()
	for _, l := range list {
		t.add(l.GetAgency(), a.t(l.GetReason(), recipientWords[l.GetReason()]), l.GetText())
	}
	t.print()
	return nil
}

func (a *app) recipientTable() *table {
	return a.table(a.t("recipient", "nơi nhận"), a.t("result", "kết quả"), a.t("details", "chi tiết"))
}

// refusedRecipients prints the recipients for whom a letter was refused as a table, and
// gives the error without them.
func (a *app) refusedRecipients(m *lienthongv1.SendDocumentRequest, err error) error {
	var refused *exchange.Error
	if a.json || !errors.As(err, &refused) {
		return err
	}
	t, n := a.recipientTable(), 0
	rest := *refused
	rest.Fields = slices.DeleteFunc(slices.Clone(refused.Fields), func(f exchange.Field) bool {
		i, is := f.Index("recipients")
		if !is || i >= len(m.GetRecipients()) {
			return false
		}
		t.add(m.GetRecipients()[i].GetAgency(), a.t(f.Reason, recipientWords[f.Reason]), f.Text)
		n++
		return true
	})
	if n == 0 {
		return err
	}
	a.printf(a.t("%d of %d recipients are wrong:\n", "%d trong %d nơi nhận không gửi được:\n"), n, len(m.GetRecipients()))
	t.print()
	if len(rest.Fields) > 0 || n == len(m.GetRecipients()) {
		return &rest
	}
	return fail(exitNo, &rest, a.t("mend them, or send to the others with --partial", "sửa lại, hoặc gửi cho các nơi còn lại: thêm --partial"))
}
