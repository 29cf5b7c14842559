package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) apologyCommand() *cobra.Command {
	m := &lienthongv1.DraftApologyRequest{Signer: &lienthongv1.SignerInfo{}}
	var output string
	c := a.nodeFlags(&cobra.Command{
		Use:   "apology DOSSIER --to NAME --new-date DATE --reason TEXT -o FILE.pdf",
		Short: "Write a letter of apology for a late dossier (thư xin lỗi)",
		Long: `Write a letter of apology for a dossier whose result is late at the agency, with
code and day from the letter that handed it over, in the layout of Decree 30/2020,
Appendix I. Number and date stay blank: prepare, sign and send it like any other.`,
		Example: `  lienthong apology H55.13-261121-0001 --to "Ông Nguyễn Văn A" --new-date 2026-12-04 \
    --reason "Hồ sơ cần xác minh thêm." --symbol TXL-UBND --place "Ba Hàng" \
    --position "CHỦ TỊCH" --signer "Đỗ Nghĩa Sĩ" -o thu-xin-loi.pdf`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			if output == "" {
				return failf(exitUsage, "no output file: name one with -o FILE.pdf")
			}
			m.DossierCode = in[0]
			return a.apology(c.Context(), m, output)
		},
	})
	f := c.Flags()
	f.StringVar(&m.To, "to", "", "the person or organisation (kính gửi)")
	f.StringVar(&m.NewDate, "new-date", "", "the day by which the result will be there, yyyy-mm-dd (hẹn lại)")
	f.StringVar(&m.Reason, "reason", "", "why it is late (lý do)")
	f.StringVar(&m.Symbol, "symbol", "TXL", "symbol behind the number (ký hiệu)")
	f.StringVar(&m.Place, "place", "", "place of issue (địa danh)")
	f.StringVar(&m.Parent, "parent", "", "the agency above, as printed (cơ quan chủ quản)")
	f.StringVar(&m.Signer.FullName, "signer", "", "full name of the person who is to sign")
	f.StringVar(&m.Signer.Position, "position", "", "position of that person")
	f.StringVar(&m.Signer.Competence, "competence", "", "such as TM. ỦY BAN NHÂN DÂN")
	f.StringVarP(&output, "output", "o", "", "file to write")
	return c
}

func (a *app) apology(ctx context.Context, m *lienthongv1.DraftApologyRequest, output string) error {
	return a.withAgency(ctx, func(c *client.Client, agency string) error {
		m.Agency = agency
		answer, err := c.Dossiers.DraftApology(ctx, m)
		if err != nil {
			return err
		}
		if err := writeOutput(output, "", func(f *os.File) error {
			_, err := f.Write(answer.GetPdf())
			return err
		}); err != nil {
			return err
		}
		a.printf(a.t("%s written: lienthong prepare %s -o …\n", "đã ghi %s: lienthong prepare %s -o …\n"), output, output)
		return nil
	})
}
