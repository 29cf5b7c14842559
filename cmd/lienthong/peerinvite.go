package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) peerInviteCommand() *cobra.Command {
	var expires, output string
	c := a.nodeAddressFlags(&cobra.Command{
		Use:   "invite NODE -o FILE",
		Short: "Invite a new node to join below this one, and write its one-time token to a file",
		Long: `Invite a new node. The token is written to a new file that only you can read, and is nowhere
else: the node keeps a digest. Carry it to the new machine as you carry a password; it is good
for one node, one key and a few days: lienthong join.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.peerInvite(c.Context(), in[0], expires, output) },
	})
	c.Flags().StringVar(&expires, "expires", "3d", "how long the node may take to ask: 3d, 12h; at most 30d")
	c.Flags().StringVarP(&output, "output", "o", "", "new file for the token")
	_ = c.MarkFlagRequired("output") // fails for flags that are not there
	return c
}

// peerInvite opens the file before it asks: a secret that cannot be written would be lost.
func (a *app) peerInvite(ctx context.Context, node, expires, output string) error {
	life, err := parseLife(expires)
	if err != nil {
		return err
	}
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	file, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fail(exitUsage, err, "name a file that is not there yet, in a folder that is")
	}
	answer, err := lienthongv1.NewJoinServiceClient(c.Conn()).Invite(ctx, &lienthongv1.InviteRequest{Node: node, ExpiresAt: a.now().Add(life).UnixMicro()})
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(output))
	}
	_, err = fmt.Fprintln(file, answer.GetSecret())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fail(exitUndecided, err, "the token is lost: lienthong peer refuse "+answer.GetInvitation().GetId()+", and invite again")
	}
	return a.printInvitation(answer.GetInvitation())
}

func (a *app) peerRequestsCommand() *cobra.Command {
	var export string
	c := a.nodeAddressFlags(&cobra.Command{
		Use:   "requests",
		Short: "List invitations, newest first, with what the nodes have asked",
		Args:  args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			t := a.invitationTable()
			defer t.end()
			return a.eachInvitation(c.Context(), func(v *lienthongv1.Invitation, _ string) error {
				if t == nil {
					return a.printInvitation(v)
				}
				t.addInvitation(v)
				return nil
			})
		},
	})
	one := a.nodeAddressFlags(&cobra.Command{
		Use:   "export ID -o FILE",
		Short: "Write the request (CSR) and the self-signed certificate of a node, for the authority",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.exportRequest(c.Context(), in[0], export) },
	})
	one.Flags().StringVarP(&export, "output", "o", "", "file to write, PEM")
	_ = one.MarkFlagRequired("output")
	c.AddCommand(one)
	return c
}

// eachInvitation goes through all pages; f is given the node that invites, too.
func (a *app) eachInvitation(ctx context.Context, f func(v *lienthongv1.Invitation, parent string) error) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for at := ""; ; {
		page, err := lienthongv1.NewJoinServiceClient(c.Conn()).ListInvitations(ctx, &lienthongv1.ListInvitationsRequest{PageSize: 200, PageToken: at})
		if err != nil {
			return err
		}
		for _, v := range page.GetInvitations() {
			if err := f(v, page.GetParent()); err != nil {
				return err
			}
		}
		if at = page.GetNextPageToken(); at == "" {
			return nil
		}
	}
}

// invitation finds one by its id, or the newest one of a node.
func (a *app) invitation(ctx context.Context, name string) (found *lienthongv1.Invitation, parent string, err error) {
	err = a.eachInvitation(ctx, func(v *lienthongv1.Invitation, at string) error {
		if found == nil && (v.GetId() == name || v.GetNode() == name) {
			found, parent = v, at
		}
		return nil
	})
	if err == nil && found == nil {
		err = fail(exitNo, fmt.Errorf("no invitation %q", name), "lienthong peer requests lists them")
	}
	return found, parent, err
}

func (a *app) exportRequest(ctx context.Context, name, output string) error {
	v, _, err := a.invitation(ctx, name)
	if err != nil {
		return err
	}
	if len(v.GetRequest()) == 0 {
		return fail(exitNo, fmt.Errorf("node %q has not asked yet", v.GetNode()))
	}
	return writeOutput(output, "", func(out *os.File) error {
		return errors.Join(pem.Encode(out, &pem.Block{Type: "CERTIFICATE REQUEST", Bytes: v.GetRequest()}),
			pem.Encode(out, &pem.Block{Type: "CERTIFICATE", Bytes: v.GetCertificate()}))
	})
}

func (a *app) peerApproveCommand() *cobra.Command {
	var f authorFlags
	var certificate string
	c := &cobra.Command{
		Use:   "approve ID|NODE [--key URI]",
		Short: "Let a node in that has asked: the authority signs it into the directory",
		Long: `Sign the node into the directory with its self-signed certificate, or with one that an authority
has issued for its request (--certificate), and let it have its answer. Compare the key with what
the new node shows, by telephone. Where the authority's key is elsewhere: "peer requests export",
"agency node put" there, "agency import" here, and then approve without --key.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.peerApprove(c.Context(), in[0], f, certificate) },
	}
	c.Flags().StringVar(&certificate, "certificate", "", "certificate (PEM or DER) that was issued for the request, instead of the self-signed one")
	return a.authorFlags(c, &f)
}

// peerApprove can be repeated after any step of it.
func (a *app) peerApprove(ctx context.Context, name string, f authorFlags, certificate string) error {
	v, parent, err := a.invitation(ctx, name)
	if err != nil {
		return err
	}
	if v.GetState() == lienthongv1.InvitationState_INVITATION_STATE_OPEN {
		return fail(exitNo, fmt.Errorf("node %q has not asked yet", v.GetNode()), "there: lienthong join")
	}
	if f.key != "" && v.GetState() == lienthongv1.InvitationState_INVITATION_STATE_REQUESTED {
		der := v.GetCertificate()
		if certificate != "" {
			if der, err = firstCertificate(certificate); err != nil {
				return err
			}
			if err := sameKey(der, v.GetCertificate()); err != nil {
				return fail(exitUsage, fmt.Errorf("%s: %w", certificate, err), "name the certificate that was issued for this request: lienthong peer requests export")
			}
		}
		node := envelope.Node{ID: v.GetNode(), Name: v.GetLabel(), Parent: parent, Addresses: v.GetAddresses(), Certificates: []envelope.NodeCertificate{{Certificate: der}}}
		if err := a.change(ctx, f, func(_ *authoring, d *envelope.Directory) error { return putNode(d, node, a.now().UnixMicro()) }); err != nil {
			return err
		}
		if f.dryRun || f.output != "" {
			return nil
		}
	}
	return a.decideJoin(ctx, v.GetId(), true)
}

// sameKey holds a certificate against the key that asked: another one would go into the
// directory for good.
func sameKey(issued, asked []byte) error {
	a, err := x509.ParseCertificate(issued)
	if err != nil {
		return err
	}
	b, err := x509.ParseCertificate(asked)
	if err != nil {
		return err
	}
	if !bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo) {
		return errors.New("the certificate is for another key than the one that asked")
	}
	return nil
}

func (a *app) decideJoin(ctx context.Context, id string, approve bool) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := lienthongv1.NewJoinServiceClient(c.Conn()).DecideJoin(ctx, &lienthongv1.DecideJoinRequest{Invitation: id, Approve: approve})
	if err != nil {
		return err
	}
	return a.printInvitation(answer.GetInvitation())
}

func (a *app) peerRefuseCommand() *cobra.Command {
	return a.nodeAddressFlags(&cobra.Command{
		Use:   "refuse ID|NODE",
		Short: "Refuse a node that has asked, or take an invitation back",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			v, _, err := a.invitation(c.Context(), in[0])
			if err != nil {
				return err
			}
			return a.decideJoin(c.Context(), v.GetId(), false)
		},
	})
}

func (a *app) printInvitation(v *lienthongv1.Invitation) error {
	if a.json {
		return a.printProto(v)
	}
	a.printf("%s  %-20s %s", v.GetId(), v.GetNode(), a.invitationText(v))
	if len(v.GetRequest()) > 0 {
		a.printf(a.t("  %s  key %s  %s", "  %s  khóa %s  %s"), v.GetLabel(), requestKey(v.GetRequest()), strings.Join(v.GetAddresses(), " "))
	}
	a.printf("\n")
	return nil
}

// invitationText says how far an invitation is.
func (a *app) invitationText(v *lienthongv1.Invitation) string {
	return map[lienthongv1.InvitationState]string{
		lienthongv1.InvitationState_INVITATION_STATE_OPEN:      a.t("invited until ", "được mời đến ") + vnMicro(v.GetExpiresAt()),
		lienthongv1.InvitationState_INVITATION_STATE_REQUESTED: a.t("waits for approval", "chờ phê duyệt"),
		lienthongv1.InvitationState_INVITATION_STATE_APPROVED:  a.t("approved ", "đã phê duyệt ") + vnMicro(v.GetDecided()),
		lienthongv1.InvitationState_INVITATION_STATE_REFUSED:   a.t("refused ", "đã từ chối ") + vnMicro(v.GetDecided()),
	}[v.GetState()]
}
