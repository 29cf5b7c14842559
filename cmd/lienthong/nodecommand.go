package main

import (
	"context"

	"github.com/spf13/cobra"

	"lienthong/envelope"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) nodeCommand() *cobra.Command {
	show := a.nodeFlags(&cobra.Command{
		Use:   "certificate",
		Short: "Show the certificate that a running node uses, and how the directory stands to it",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.nodeCertificate(c.Context()) },
	})
	return group("node", "A running node itself (bản thân nút)", show, a.nodeRotateCommand())
}

func (a *app) nodeCertificate(ctx context.Context) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := lienthongv1.NewNodeServiceClient(c.Conn()).GetNodeCertificate(ctx, &lienthongv1.GetNodeCertificateRequest{})
	if err != nil {
		return err
	}
	return a.printCertificateState(answer.GetCertificate())
}

func (a *app) nodeRotateCommand() *cobra.Command {
	m := &lienthongv1.RotateCertificateRequest{}
	c := a.nodeFlags(&cobra.Command{
		Use:   "rotate",
		Short: "Have a running node take the key and certificate that its configuration names now",
		Long: `Have a running node take the key and certificate that its configuration (tls) names now. The
directory must bind the certificate to the node, and its neighbours must have that directory;
else the node stays with what it has, and says why. Letters go on: links are shaken again.
SIGHUP does the same, where there are signals.`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.nodeRotate(c.Context(), m) },
	})
	c.Flags().BoolVar(&m.Check, "check", false, "look at everything, and change nothing")
	c.Flags().BoolVar(&m.Force, "force", false, "also if neighbours may not know the certificate: their links stay down until they do")
	return c
}

func (a *app) nodeRotate(ctx context.Context, m *lienthongv1.RotateCertificateRequest) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := lienthongv1.NewNodeServiceClient(c.Conn()).RotateCertificate(ctx, m)
	if err != nil {
		return err
	}
	if m.GetCheck() && !a.json {
		a.printf("%s", a.t("it can be taken; in use still:\n", "dùng được; hiện vẫn dùng:\n"))
	}
	return a.printCertificateState(answer.GetCertificate())
}

func (a *app) printCertificateState(s *lienthongv1.NodeCertificateState) error {
	if a.json {
		return a.printProto(s)
	}
	digest, err := envelope.DigestFromBytes(s.GetSha256())
	if err != nil {
		return err
	}
	bound := a.t("in the directory", "có trong danh bạ")
	if !s.GetBound() {
		bound = a.t("NOT in the directory", "KHÔNG có trong danh bạ")
	}
	a.printf(a.t("certificate %s, %s, ends %s, %d others\n", "chứng thư %s, %s, hết hạn %s, %d chứng thư khác\n"), digest, bound, vnMicro(s.GetEndsAt()), s.GetOthers())
	return nil
}
