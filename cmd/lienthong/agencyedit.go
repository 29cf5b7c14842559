package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"lienthong/envelope"
	"lienthong/exchange/roster"
)

func (a *app) agencyPutCommand() *cobra.Command {
	var f authorFlags
	var row roster.Row
	var o roster.Options
	var certificates []string
	c := &cobra.Command{
		Use:   "put CODE --name NAME --key URI",
		Short: "Add an agency to a zone, or change one, as its authority",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			row.Code = in[0]
			return a.agencyPut(c.Context(), f, row, o, certificates)
		},
	}
	c.Flags().StringVar(&row.ID, "id", "", "id; default: of the agency that has the code, or the code")
	c.Flags().StringVar(&row.OldCode, "old-code", "", "code of QCVN 102:2016")
	c.Flags().StringVar(&row.Name, "name", "", "name; default: as it is")
	c.Flags().StringVar(&row.Parent, "parent", "", "id or code of the superior agency")
	c.Flags().StringVar(&o.Home, "home", "", "home node of a new agency (an existing one: agency move)")
	c.Flags().BoolVar(&o.AnyCode, "any-code", false, "take a code of neither form, as test systems have them")
	c.Flags().StringArrayVar(&certificates, "certificate", nil, "ROLE:FILE, a certificate (PEM or DER) with the role personal or agency; repeatable")
	return a.authorFlags(c, &f)
}

// change runs one change of an authority, from the directory as it is to what is handed over.
func (a *app) change(ctx context.Context, f authorFlags, edit func(w *authoring, d *envelope.Directory) error) error {
	w, err := a.author(ctx, f)
	if err != nil {
		return err
	}
	defer w.close()
	next, err := w.publish(ctx, func(d *envelope.Directory) error { return edit(w, d) })
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"zone": next.Zone, "epoch": next.Epoch, "agencies": len(next.Agencies), "nodes": len(next.Nodes), "dry_run": f.dryRun})
	}
	w.said(next)
	return nil
}

func (a *app) agencyPut(ctx context.Context, f authorFlags, row roster.Row, o roster.Options, certificates []string) error {
	o.Now = a.now().UnixMicro()
	var made []envelope.AgencyCertificate
	for _, text := range certificates {
		c, err := parseAgencyCertificate(text, o.Now)
		if err != nil {
			return err
		}
		made = append(made, c)
	}
	return a.change(ctx, f, func(w *authoring, d *envelope.Directory) error {
		had, known := w.dir.Agency(row.Code)
		if known && row.ID == "" {
			row.ID = had.ID
		}
		if row.Name == "" {
			row.Name = had.Name
		}
		if _, err := roster.Merge(d, []roster.Row{row}, o); err != nil {
			return fail(exitUsage, fmt.Errorf("agency %q: %w", row.Code, err))
		}
		agency := findAgency(d, row.Code)
		for _, c := range made {
			if c.Holder == "" {
				c.Holder = agency.Name
			}
			agency.Certificates = append(slices.Clone(agency.Certificates), c)
		}
		return nil
	})
}

// findAgency finds the agency that has a code now.
func findAgency(d *envelope.Directory, code string) *envelope.Agency {
	at := len(d.Agencies) - 1
	for i := range d.Agencies {
		if slices.ContainsFunc(d.Agencies[i].Codes, func(c envelope.AgencyCode) bool { return c.Code == code && c.NotAfter == 0 }) {
			at = i
		}
	}
	return &d.Agencies[at]
}

// parseAgencyCertificate reads ROLE:FILE.
func parseAgencyCertificate(text string, now int64) (envelope.AgencyCertificate, error) {
	for role, prefix := range map[envelope.CertificateRole]string{envelope.RolePersonal: "personal:", envelope.RoleAgency: "agency:"} {
		if len(text) > len(prefix) && text[:len(prefix)] == prefix {
			der, err := firstCertificate(text[len(prefix):])
			return envelope.AgencyCertificate{Certificate: der, Role: role, NotBefore: now}, err
		}
	}
	return envelope.AgencyCertificate{}, failf(exitUsage, "--certificate %q: want personal:FILE or agency:FILE", text)
}

func (a *app) agencyCloseCommand() *cobra.Command {
	var f authorFlags
	var successor string
	c := &cobra.Command{
		Use:   "close CODE --key URI [--successor CODE]",
		Short: "End an agency: no new letters, its successor is named to who writes to it",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			return a.change(c.Context(), f, func(w *authoring, d *envelope.Directory) error { return a.closeAgency(w, d, in[0], successor) })
		},
	}
	c.Flags().StringVar(&successor, "successor", "", "id or code of the agency that takes over")
	return a.authorFlags(c, &f)
}

// zoneAgency finds an agency of the zone that is being changed.
func (w *authoring) zoneAgency(d *envelope.Directory, name string) (*envelope.Agency, error) {
	agency, ok := w.dir.Agency(name)
	if ok {
		for i := range d.Agencies {
			if d.Agencies[i].ID == agency.ID {
				return &d.Agencies[i], nil
			}
		}
	}
	return nil, fail(exitUsage, fmt.Errorf("agency %q is not in zone %q", name, w.zone), "lienthong agency list")
}

func (a *app) closeAgency(w *authoring, d *envelope.Directory, name, successor string) error {
	agency, err := w.zoneAgency(d, name)
	if err != nil {
		return err
	}
	if agency.Ended != 0 && agency.Ended <= a.now().UnixMicro() {
		return fail(exitNo, fmt.Errorf("agency %q has ended at %s", name, vnMicro(agency.Ended)))
	}
	if successor != "" {
		next, ok := w.dir.Agency(successor)
		if !ok || next.ID == agency.ID || next.Ended != 0 {
			return failf(exitUsage, "--successor %q: want another agency of the directory that has not ended", successor)
		}
		agency.Successor = next.ID
	}
	agency.Ended = a.now().UnixMicro()
	return nil
}

func (a *app) agencyMoveCommand() *cobra.Command {
	var f authorFlags
	var to string
	c := &cobra.Command{
		Use:   "move CODE --to NODE --key URI",
		Short: "Make another node an agency's home: letters for it go on from the old one",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			if to == "" {
				return fail(exitUsage, errors.New("no node"), "--to NODE")
			}
			return a.change(c.Context(), f, func(w *authoring, d *envelope.Directory) error { return a.moveAgency(w, d, in[0], to) })
		},
	}
	c.Flags().StringVar(&to, "to", "", "id of the node")
	return a.authorFlags(c, &f)
}

func (a *app) moveAgency(w *authoring, d *envelope.Directory, name, to string) error {
	agency, err := w.zoneAgency(d, name)
	if err != nil {
		return err
	}
	node := slices.IndexFunc(d.Nodes, func(n envelope.Node) bool { return n.ID == to && n.Ended == 0 })
	if node < 0 || agency.HomeNode == to {
		return failf(exitUsage, "--to %q: want another node of zone %q that has not ended; the agency is at home at %q", to, w.zone, agency.HomeNode)
	}
	agency.Rehome(to, a.now().UnixMicro())
	return nil
}
