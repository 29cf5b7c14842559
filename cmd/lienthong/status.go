package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) statusCommand() *cobra.Command {
	var reason, staff string
	var override, auto bool
	c := a.nodeFlags(&cobra.Command{
		Use:   "status DELIVERY CODE",
		Short: "Report what became of a letter that came (báo trạng thái xử lý)",
		Long: `Report the status of a delivery to its sender: 02 refused (with --reason),
03 accepted, 04 assigned, 05 in work, 06 done. 01 is reported by fetch --ack.
03 needs the verdict of validation, or --override with a --reason. 15 gives back what
the sender asks for (13), 16 keeps it (with --reason).`,
		Example: `  lienthong status agencies/a-dist/deliveries/0192… 03
  lienthong status 0192… 02 --reason "Gửi nhầm cơ quan"`,
		Args: args(2, 2),
		RunE: func(c *cobra.Command, in []string) error {
			code, err := strconv.ParseUint(in[1], 10, 8)
			if err != nil {
				return fail(exitUsage, fmt.Errorf("status %q: want a number such as 03", in[1]), c.CommandPath()+" -h")
			}
			return a.reportStatus(c.Context(), in[0], &lienthongv1.ReportStatusRequest{Code: uint32(code), Reason: reason,
				Staff: staffOf(staff), OverrideVerdict: override, AutoReason: auto})
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "why; the sender reads it")
	c.Flags().StringVar(&staff, "staff", "", "id of the person for whom this is done")
	c.Flags().BoolVar(&auto, "auto-reason", false, "of 02: take the reason from the report on the signatures (lienthong show offers it)")
	c.Flags().BoolVar(&override, "override", false, "accept although the verdict is not valid, or not known yet")
	return c
}

func staffOf(id string) *lienthongv1.Staff {
	if id == "" {
		return nil
	}
	return &lienthongv1.Staff{Id: id}
}

func (a *app) reportStatus(ctx context.Context, name string, m *lienthongv1.ReportStatusRequest) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if m.Name, err = deliveryName(profile, name); err != nil {
		return err
	}
	answer, err := c.Deliveries.ReportStatus(ctx, m)
	if err != nil {
		return err
	}
	if a.json {
		return a.printProto(answer.GetDelivery())
	}
	d := answer.GetDelivery()
	text := a.statusText(d.GetStatus())
	if more := a.copyText(d.GetCopy(), d.GetTakeBack(), ""); more != "" {
		text += ", " + more
	}
	a.printf("%s: %s\n", d.GetName(), text)
	return nil
}

// deliveryName completes an id to the name of a delivery.
func deliveryName(p clientProfile, name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	agency, err := p.agency()
	return "agencies/" + agency + "/deliveries/" + name, err
}
