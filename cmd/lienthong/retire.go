package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// retireFlags say what a call of the command does.
type retireFlags struct {
	reason, staff         string
	check, status, cancel bool
}

func (a *app) retireCommand() *cobra.Command {
	var f retireFlags
	c := a.nodeFlags(&cobra.Command{
		Use:   "retire --reason TEXT",
		Short: "Have a node end: it takes nothing new, and says when it may be switched off",
		Long: `Have a running node end. From now on, and across restarts, it takes nothing new from its own
agencies; it hands on what it has and what the directory still sends to it. It has ended when
the directory names no agency and no node with it any more, nothing waits, all that came to
its agencies is acknowledged, and its parent has cosigned the last head of its journal.
With --check and --status the exit status is 1 as long as something is left.`,
		Example: `  lienthong retire --as admin.yaml --check
  lienthong retire --as admin.yaml --reason "sáp nhập xã theo NQ 1685/NQ-UBTVQH15"
  lienthong retire --as admin.yaml --status`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if f.reason == "" && !f.check && !f.status {
				return fail(exitUsage, errors.New("a node ends, or goes on, for a reason that whoever comes after reads"), "--reason TEXT; or --check, --status")
			}
			return a.retire(c.Context(), f)
		},
	})
	flags := c.Flags()
	flags.StringVar(&f.reason, "reason", "", "why, for whoever comes after")
	flags.StringVar(&f.staff, "staff", "", "id of the person for whom this is done")
	flags.BoolVar(&f.check, "check", false, "say what would be left to do, and change nothing")
	flags.BoolVar(&f.status, "status", false, "say what is left to do")
	flags.BoolVar(&f.cancel, "cancel", false, "take it back, as long as something is left to do")
	c.MarkFlagsMutuallyExclusive("check", "status", "cancel")
	return c
}

func (a *app) retire(ctx context.Context, f retireFlags) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := f.ask(ctx, lienthongv1.NewNodeServiceClient(c.Conn()))
	if err != nil {
		return err
	}
	if a.json {
		err = a.printProto(r)
	} else {
		a.printRetirement(r)
	}
	if err == nil && (f.status && !r.GetFinished() || f.check && len(a.leftOver(r)) > 0) {
		return quiet(exitNo)
	}
	return err
}

func (f *retireFlags) ask(ctx context.Context, s lienthongv1.NodeServiceClient) (*lienthongv1.Retirement, error) {
	switch {
	case f.check || f.status:
		answer, err := s.GetRetirement(ctx, &lienthongv1.GetRetirementRequest{})
		return answer.GetRetirement(), err
	case f.cancel:
		answer, err := s.CancelRetirement(ctx, &lienthongv1.CancelRetirementRequest{Reason: f.reason, Staff: staffOf(f.staff)})
		return answer.GetRetirement(), err
	}
	answer, err := s.Retire(ctx, &lienthongv1.RetireRequest{Reason: f.reason, Staff: staffOf(f.staff)})
	return answer.GetRetirement(), err
}

func (a *app) printRetirement(r *lienthongv1.Retirement) {
	if r.GetSince() == 0 {
		a.printf("%s\n", a.t("the node is not to end", "nút không ngừng hoạt động"))
	} else {
		a.printf(a.t("the node is to end since %s (%s): %s\n", "nút ngừng hoạt động từ %s (%s): %s\n"), vnMicro(r.GetSince()), r.GetBy(), r.GetReason())
	}
	left := a.leftOver(r)
	for _, line := range left {
		a.printf("  %s\n", line)
	}
	switch {
	case r.GetFinished():
		a.printf(a.t("nothing is left since %s: it may be switched off\n", "không còn việc từ %s: có thể tắt nút\n"), vnMicro(r.GetDone()))
	case len(left) > 0:
		a.printf("%s\n", a.t("do not switch it off yet", "chưa được tắt nút"))
	case r.GetSince() == 0:
		a.printf("%s\n", a.t("nothing stands in its way", "không có gì cản trở"))
	default:
		a.printf("%s\n", a.t("the last head of its journal is not cosigned or time-stamped yet: do not switch it off yet",
			"đầu nhật ký cuối cùng chưa được ký chứng thực hoặc đóng dấu thời gian: chưa được tắt nút"))
	}
}

// leftOver lists what a node has to do before it has ended, and where that is done by others.
func (a *app) leftOver(r *lienthongv1.Retirement) (out []string) {
	for _, count := range []struct {
		rows uint32
		text string
	}{
		{r.GetWaiting(), a.t("letters wait here (lienthong queue list)", "văn bản đang chờ ở đây (lienthong queue list)")},
		{r.GetRelayed(), a.t("letters are with other nodes, and have not come to an end", "văn bản đang ở nút khác, chưa kết thúc")},
		{r.GetStatements(), a.t("statements wait for a neighbour", "xác nhận đang chờ nút lân cận")},
		{r.GetValidations(), a.t("letters are still to be validated", "văn bản chưa kiểm tra xong chữ ký")},
		{r.GetLevelJobs(), a.t("files wait for a later level", "tệp đang chờ nâng mức chữ ký")},
	} {
		if count.rows > 0 {
			out = append(out, fmt.Sprintf("%d %s", count.rows, count.text))
		}
	}
	for _, u := range r.GetUnread() {
		out = append(out, fmt.Sprintf(a.t("%d letters were not acknowledged by agency %s (at home at %s): it reads them here (lienthong inbox, fetch, status 01)",
			"%d văn bản chưa được cơ quan %s (nút %s) xác nhận: nhận tại nút này (lienthong inbox, fetch, status 01)"), u.GetLetters(), u.GetAgency(), first(u.GetHomeNode(), "–")))
	}
	if at := r.GetAtHome(); len(at) > 0 {
		out = append(out, fmt.Sprintf(a.t("%d agencies are at home here by the directory (lienthong agency move CODE --to NODE): %s",
			"%d cơ quan vẫn thuộc nút này theo danh bạ (lienthong agency move CODE --to NODE): %s"), len(at), strings.Join(at, " ")))
	}
	if below := r.GetChildren(); len(below) > 0 {
		out = append(out, fmt.Sprintf(a.t("%d nodes are below this one by the directory (lienthong agency node put NODE --parent OTHER): %s",
			"%d nút vẫn ở dưới nút này theo danh bạ (lienthong agency node put NODE --parent OTHER): %s"), len(below), strings.Join(below, " ")))
	}
	if r.GetUnlisted() {
		out = append(out, a.t("the directory here does not know this node: nobody knows what is at home here (lienthong agency import)",
			"danh bạ ở đây chưa có nút này: chưa biết cơ quan nào thuộc nút (lienthong agency import)"))
	}
	return out
}
