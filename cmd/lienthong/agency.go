package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

func (a *app) agencyCommand() *cobra.Command {
	list := a.nodeFlags(&cobra.Command{
		Use:   "list",
		Short: "List the agencies of the directory",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.agencyList(c.Context()) },
	})
	show := a.nodeFlags(&cobra.Command{
		Use:   "show CODE",
		Short: "Show an agency, its certificates and how it is reached",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.agencyShow(c.Context(), in[0]) },
	})
	return group("agency", "Agencies and nodes: the signed directory (danh bạ cơ quan)", list, show, a.agencyPutCommand(), a.agencyCloseCommand(), a.agencyMoveCommand(),
		a.agencyImportCommand(), a.agencyExportCommand(), a.agencyZonesCommand(), a.agencySealCommand(), a.agencyNodeCommand())
}

func (a *app) agencyList(ctx context.Context) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	t := a.agencyTable()
	defer t.end()
	for token := ""; ; {
		page, err := c.Directory.ListAgencies(ctx, &lienthongv1.ListAgenciesRequest{PageToken: token, PageSize: 500})
		if err != nil {
			return err
		}
		for _, m := range page.GetAgencies() {
			if a.json {
				if err := a.printProto(m); err != nil {
					return err
				}
				continue
			}
			if t != nil {
				t.addAgency(m)
				continue
			}
			a.printAgencyLine(m)
		}
		if token = page.GetNextPageToken(); token == "" {
			return nil
		}
	}
}

func (a *app) printAgencyLine(m *lienthongv1.Agency) {
	agency := envelope.AgencyFromProto(m)
	a.printf("%-20s %-12s %s", exchange.CodeAt(agency, a.now()), agency.HomeNode, agency.Name)
	if agency.Ended != 0 {
		a.printf(a.t("  (ended %s)", "  (kết thúc %s)"), vnMicro(agency.Ended))
	}
	a.printf("\n")
}

func (a *app) agencyShow(ctx context.Context, code string) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := c.Directory.GetAgency(ctx, &lienthongv1.GetAgencyRequest{Agency: code})
	if err != nil {
		return err
	}
	if a.json {
		return a.printProto(answer)
	}
	a.printAgencyLine(answer.GetAgency())
	a.printf(a.t("  id %s, next hop %s\n", "  mã nội bộ %s, chặng kế %s\n"), answer.GetAgency().GetId(), answer.GetNextHop())
	for _, m := range answer.GetAgency().GetCertificates() {
		list, err := certs.ParseCertificates(m.GetCertificate())
		if err != nil || len(list) == 0 {
			continue
		}
		a.printf("  %-9s %s, %s – %s\n", a.roleText(m.GetRole()), m.GetHolder(), list[0].NotBefore.In(hanoi).Format(time.DateOnly), list[0].NotAfter.In(hanoi).Format(time.DateOnly))
	}
	return nil
}

// claim reads the signed directory and asks it whose certificates are whose.
func (a *app) claim(f validateFlags) (*signer.Claim, error) {
	if f.agency == "" || f.directory == "" || len(f.authority) == 0 {
		return nil, fail(exitUsage, errors.New("a claim needs all of --agency, --directory and --authority"),
			"--authority is the certificate that signs the directory")
	}
	files, err := readDirectoryFiles(f.directory)
	if err != nil {
		return nil, err
	}
	authorities, err := loadAll(f.authority)
	if err != nil {
		return nil, err
	}
	dir, err := exchange.OpenDirectory(files, authorities)
	if err != nil {
		return nil, fail(exitUsage, fmt.Errorf("%s: %w", f.directory, err), "the certificate of --authority must be the one that signed it")
	}
	agency, ok := dir.Agency(f.agency)
	if !ok {
		return nil, failf(exitUsage, "agency %q is not in %s", f.agency, f.directory)
	}
	return dir.Claim(agency.ID, a.now()), nil
}
