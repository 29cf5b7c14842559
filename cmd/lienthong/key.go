package main

import (
	"context"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) keyCommand() *cobra.Command {
	list := a.nodeFlags(&cobra.Command{
		Use:   "list",
		Short: "List the keys of the node that you may sign with",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.keyList(c.Context()) },
	})
	return group("key", "Signing keys that a node holds (khóa ký)", list, a.keyActivateCommand(), a.keyDeactivateCommand(), a.keySuspendCommand(), a.keyResumeCommand())
}

func (a *app) keyList(ctx context.Context) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	agency, err := profile.agency()
	if err != nil {
		return err
	}
	answer, err := c.Signing.ListKeys(ctx, &lienthongv1.ListKeysRequest{Agency: agency})
	if err != nil {
		return err
	}
	t := a.keyTable()
	for _, k := range answer.GetKeys() {
		if a.json {
			if err := a.printProto(k); err != nil {
				return err
			}
			continue
		}
		if t != nil {
			t.addKey(k)
			continue
		}
		a.printf("%-24s %-9s %-10s %-24s %s\n", k.GetId(), a.roleText(k.GetRole()), k.GetAlgorithm(), k.GetHolder(), a.keyUse(k))
	}
	t.end()
	if len(answer.GetKeys()) == 0 && !a.json {
		a.printf("%s\n", a.t("you may use no key of this node", "không có khóa nào được cấp cho bạn"))
	}
	return nil
}
