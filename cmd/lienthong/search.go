package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// directions are the registers by the words of the command line.
var directions = map[string]lienthongv1.Direction{"": 0, "out": lienthongv1.Direction_DIRECTION_OUT, "in": lienthongv1.Direction_DIRECTION_IN,
	"di": lienthongv1.Direction_DIRECTION_OUT, "đi": lienthongv1.Direction_DIRECTION_OUT, "den": lienthongv1.Direction_DIRECTION_IN, "đến": lienthongv1.Direction_DIRECTION_IN}

func (a *app) searchCommand() *cobra.Command {
	var m lienthongv1.SearchDocumentsRequest
	var direction string
	var limit int
	c := a.nodeFlags(&cobra.Command{
		Use:   "search [WORD…]",
		Short: "Find letters by words, number, date, agency, status (tra cứu văn bản)",
		Long: `Find letters that the agency has sent or received, the newest first. Words are
found in number, symbol, subject, type and signer, with or without accents, in
any order; a word with * behind it is the beginning of one. All must be there.`,
		Example: `  lienthong search bao cao quy iv
  lienthong search --in --from 2026-01-01 --to 2026-03-31 --counterpart H55 --status 2
  lienthong search --number 15 --symbol QĐ-UBND`,
		Args: args(0, -1),
		RunE: func(c *cobra.Command, words []string) error {
			var known bool
			if m.Direction, known = directions[strings.ToLower(direction)]; !known {
				return failf(exitUsage, "--direction %q: want out (đi) or in (đến)", direction)
			}
			m.Text = strings.Join(words, " ")
			return a.search(c.Context(), &m, limit)
		},
	})
	f := c.Flags()
	f.StringVar(&m.Number, "number", "", "the number (số), but for zeros before it")
	f.StringVar(&m.Symbol, "symbol", "", "the symbol (ký hiệu), but for case and accents")
	f.StringVar(&m.Counterpart, "counterpart", "", "id or code of the agency from which it came, or to which it went (nơi gửi, nơi nhận)")
	f.StringVar(&m.IssuedFrom, "from", "", "issued on or after, yyyy-mm-dd (từ ngày)")
	f.StringVar(&m.IssuedTo, "to", "", "issued on or before, yyyy-mm-dd (đến ngày)")
	f.StringVar(&m.TypeCode, "type", "", "abbreviation of the type, such as BC (loại)")
	f.StringVar(&m.DossierCode, "dossier", "", "code of a dossier (mã hồ sơ)")
	f.Uint32Var(&m.Status, "status", 0, "status of what came, or of any recipient of what was sent (trạng thái)")
	f.StringVar(&direction, "direction", "", "out (đi) or in (đến); both if empty")
	f.IntVarP(&limit, "limit", "n", 50, "at most so many")
	return c
}

func (a *app) search(ctx context.Context, m *lienthongv1.SearchDocumentsRequest, limit int) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if m.Agency, err = profile.agency(); err != nil {
		return err
	}
	t := a.table("", a.t("date", "ngày"), a.t("number", "số, ký hiệu"), a.t("from", "nơi gửi"), a.t("status", "trạng thái"), a.t("subject", "trích yếu"), a.t("name", "tên"))
	for shown := 0; shown < limit; {
		m.PageSize = int32(min(limit-shown, 500))
		page, err := c.Registers.SearchDocuments(ctx, m)
		if err != nil {
			return err
		}
		for _, d := range page.GetDocuments() {
			if a.json {
				if err := a.printProto(d); err != nil {
					return err
				}
				continue
			}
			t.add(a.directionText(d.GetDirection()), d.GetMetadata().GetIssuedDate(), documentNumber(d.GetMetadata()), d.GetOriginAgency().GetCode(),
				a.statusText(d.GetStatus()), d.GetMetadata().GetSubject(), d.GetName())
		}
		shown += len(page.GetDocuments())
		if m.PageToken = page.GetNextPageToken(); m.PageToken == "" {
			break
		}
	}
	switch {
	case a.json:
	case len(t.rows) == 1:
		a.printf("%s\n", a.t("nothing was found", "không tìm thấy văn bản"))
	default:
		t.print()
	}
	return nil
}

func (a *app) directionText(d lienthongv1.Direction) string {
	if d == lienthongv1.Direction_DIRECTION_OUT {
		return a.t("out", "đi")
	}
	return a.t("in", "đến")
}
