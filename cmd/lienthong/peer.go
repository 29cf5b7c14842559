package main

import (
	"context"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) peerCommand() *cobra.Command {
	list := a.nodeFlags(&cobra.Command{
		Use:   "list",
		Short: "List the neighbours of a node, with their links and what waits for them",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.peerList(c.Context()) },
	})
	check := a.nodeFlags(&cobra.Command{
		Use:   "check NODE",
		Short: "Say what stands between a node and a neighbour: address, certificate, version, clock, directory",
		Long: `Let the node dial its neighbour, beside the link that may be up, and compare all that a
link needs. The status is 1 if anything is wrong.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.peerCheck(c.Context(), in[0]) },
	})
	return group("peer", "Neighbours of a node (nút lân cận)", list, check, a.peerInviteCommand(), a.peerRequestsCommand(), a.peerApproveCommand(), a.peerRefuseCommand())
}

func (a *app) peerList(ctx context.Context) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := lienthongv1.NewPeerServiceClient(c.Conn()).ListPeers(ctx, &lienthongv1.ListPeersRequest{})
	if err != nil {
		return err
	}
	t := a.peerTable()
	for _, p := range answer.GetPeers() {
		if a.json {
			if err := a.printProto(p); err != nil {
				return err
			}
			continue
		}
		if t != nil {
			t.addPeer(p)
			continue
		}
		a.printPeer(p)
	}
	t.end()
	return nil
}

func (a *app) printPeer(p *lienthongv1.Peer) {
	who, link := a.peerTexts(p)
	a.printf(a.t("%-20s %-10s %-8s %d waiting  %s\n", "%-20s %-12s %-12s %d đang chờ  %s\n"), p.GetNode(), link, who, p.GetWaiting(), p.GetName())
}

// peerTexts say who dials whom, and whether the link is up.
func (a *app) peerTexts(p *lienthongv1.Peer) (who, link string) {
	who, link = a.t("it dials", "nút kia gọi"), a.t("no link", "mất kết nối")
	if p.GetDialled() {
		who = a.t("dialled", "nút này gọi")
	}
	if p.GetLinkUp() {
		link = a.t("link up", "đang kết nối")
	}
	return who, link
}

func (a *app) peerCheck(ctx context.Context, node string) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := lienthongv1.NewPeerServiceClient(c.Conn()).CheckPeer(ctx, &lienthongv1.CheckPeerRequest{Peer: node})
	if err != nil {
		return err
	}
	if a.json {
		if err := a.printProto(answer); err != nil {
			return err
		}
	} else {
		a.printPeer(answer.GetPeer())
		for _, f := range answer.GetFindings() {
			mark := "ok   "
			if !f.GetOk() {
				mark = a.t("WRONG", "LỖI  ")
			}
			a.printf("  %s %-10s %s\n", mark, f.GetCheck(), f.GetText())
		}
	}
	if !answer.GetOk() {
		return quiet(exitNo)
	}
	return nil
}
