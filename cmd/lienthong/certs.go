package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"lienthong/certs/dev"
)

func (a *app) certsCommand() *cobra.Command {
	dev := group("dev", "A throw-away authority for trying things out: never for real letters",
		a.devInitCommand(), a.devIssueCommand(), a.devServeCommand(), a.devListCommand(), a.devRevokeCommand())
	return group("certs", "Certificates (chứng thư số)", dev)
}

func (a *app) devInitCommand() *cobra.Command {
	var dir, base string
	c := &cobra.Command{
		Use:   "init",
		Short: "Make a root, an issuing CA, a time-stamping authority and two signers in a folder",
		Args:  args(0, 0),
		RunE: func(*cobra.Command, []string) error {
			pki, err := dev.Create(dir, dev.Options{Now: a.now, BaseURL: base, Issue: []dev.Request{
				{Kind: dev.Person, ID: "dang-van-hung", Name: "Đặng Văn Hùng", Org: "Ủy ban nhân dân phường Ba Hàng", Locality: "Thái Nguyên"},
				{Kind: dev.Agency, ID: "ba-hang", Name: "Ủy ban nhân dân phường Ba Hàng", Org: "Ủy ban nhân dân phường Ba Hàng", Locality: "Thái Nguyên"},
			}})
			if err != nil {
				return err
			}
			return a.printIssuedList(pki)
		},
	}
	c.Flags().StringVar(&dir, "dir", "pki", "folder")
	c.Flags().StringVar(&base, "url", dev.DefaultBaseURL, "where \"certs dev serve\" will answer; stands in the certificates")
	return c
}

func (a *app) devIssueCommand() *cobra.Command {
	var dir, kind string
	var r dev.Request
	var valid time.Duration
	c := &cobra.Command{
		Use:   "issue ID --kind agencies|people|nodes|clients|directory --name NAME",
		Short: "Issue one certificate with its key",
		Args:  args(1, 1),
		RunE: func(_ *cobra.Command, in []string) error {
			pki, err := dev.Open(dir, a.now)
			if err != nil {
				return err
			}
			r.Kind, r.ID, r.Valid = dev.Kind(kind), in[0], valid
			issued, err := pki.Issue(r)
			if err != nil {
				return err
			}
			return a.printIssued(issued)
		},
	}
	f := c.Flags()
	f.StringVar(&dir, "dir", "pki", "folder")
	f.StringVar(&kind, "kind", string(dev.Agency), "agencies, people, nodes, clients or directory")
	f.StringVar(&r.Name, "name", "", "common name")
	f.StringVar(&r.Org, "org", "", "organization")
	f.StringVar(&r.Unit, "unit", "", "unit")
	f.StringVar(&r.Locality, "locality", "", "locality")
	f.DurationVar(&valid, "valid", 0, "from now (default 26280h, three years)")
	return c
}

func (a *app) devServeCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Answer time-stamp requests (/tsa) and give revocation lists (/crl/) until interrupted",
		Args:  args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			pki, err := dev.Open(dir, a.now)
			if err != nil {
				return err
			}
			return a.servePKI(c.Context(), pki)
		},
	}
	c.Flags().StringVar(&dir, "dir", "pki", "folder")
	return c
}

func (a *app) servePKI(ctx context.Context, pki *dev.PKI) error {
	u, err := url.Parse(pki.BaseURL())
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", u.Host)
	if err != nil {
		return fail(exitUndecided, err, "another one may be running; the address stands in the certificates and cannot be changed here")
	}
	a.printf(a.t("time-stamps at %s, lists at %s/crl/; stop with Ctrl-C\n", "dấu thời gian tại %s, danh sách thu hồi tại %s/crl/; dừng bằng Ctrl-C\n"),
		pki.TSAURL(), pki.BaseURL())
	if err := pki.Serve(ctx, l); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (a *app) devListCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "list",
		Short: "List what was issued, with its files",
		Args:  args(0, 0),
		RunE: func(*cobra.Command, []string) error {
			pki, err := dev.Open(dir, a.now)
			if err != nil {
				return err
			}
			return a.printIssuedList(pki)
		},
	}
	c.Flags().StringVar(&dir, "dir", "pki", "folder")
	return c
}

func (a *app) devRevokeCommand() *cobra.Command {
	var dir, kind string
	var reason int
	c := &cobra.Command{
		Use:   "revoke ID --kind agencies|people|…",
		Short: "Put a certificate on the revocation list from now on",
		Args:  args(1, 1),
		RunE: func(_ *cobra.Command, in []string) error {
			pki, err := dev.Open(dir, a.now)
			if err != nil {
				return err
			}
			issued, err := pki.Find(dev.Kind(kind), in[0])
			if err != nil {
				return fail(exitNo, err, "lienthong certs dev list --dir "+dir)
			}
			return pki.Revoke(issued.Certificate.SerialNumber, reason)
		},
	}
	c.Flags().StringVar(&dir, "dir", "pki", "folder")
	c.Flags().StringVar(&kind, "kind", string(dev.Agency), "agencies, people, nodes, clients or directory")
	c.Flags().IntVar(&reason, "reason", 4, "CRLReason of RFC 5280 5.3.1: 1 key compromise, 4 superseded, 6 on hold")
	return c
}

func (a *app) printIssuedList(pki *dev.PKI) error {
	list, err := pki.List()
	if err != nil {
		return err
	}
	if !a.json {
		a.printf(a.t("anchor %s\nlists  %s\n", "gốc tin cậy %s\nthu hồi     %s\n"), pki.RootFile(), pki.CRLDir())
	}
	for _, issued := range list {
		if err := a.printIssued(issued); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printIssued(i *dev.Issued) error {
	if a.json {
		return a.printJSON(map[string]string{"kind": string(i.Kind), "id": i.ID, "name": i.Certificate.Subject.CommonName,
			"serial": i.Certificate.SerialNumber.Text(16), "certificate": i.CertFile, "key": i.KeyFile, "p12": i.P12File, "password_file": i.PasswordFile})
	}
	a.printf("%-10s %-20s %s\n", i.Kind, i.ID, i.Certificate.Subject.CommonName)
	if i.P12File != "" {
		a.printf("%s\n", fmt.Sprintf("           --key pkcs12:%s --password-file %s", i.P12File, i.PasswordFile))
		return nil
	}
	a.printf("           %s\n", i.KeyFile)
	return nil
}
