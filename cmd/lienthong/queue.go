package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// queueStates are the words of --state.
var queueStates = map[string]lienthongv1.DeliveryState{
	"": 0, "queued": lienthongv1.DeliveryState_DELIVERY_STATE_QUEUED, "offered": lienthongv1.DeliveryState_DELIVERY_STATE_OFFERED,
	"held": lienthongv1.DeliveryState_DELIVERY_STATE_HELD, "in-doubt": lienthongv1.DeliveryState_DELIVERY_STATE_IN_DOUBT,
	"dead": lienthongv1.DeliveryState_DELIVERY_STATE_DEAD,
}

func (a *app) queueCommand() *cobra.Command {
	var m lienthongv1.ListQueueRequest
	var state string
	var limit int
	list := a.nodeFlags(&cobra.Command{
		Use:   "list",
		Short: "List letters under way: what waits, since when, for whom and why",
		Long: `List the deliveries that have not come to an end at this node: dead ones first
(no peer takes them: they wait for you), then those held, in doubt, offered and
queued, each by peer, the oldest first. With --late, what has not arrived in time,
wherever it is: after 5 minutes (hỏa tốc), 1 hour, 4 hours, or 1 day.`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			var ok bool
			if m.State, ok = queueStates[state]; !ok {
				return fail(exitUsage, fmt.Errorf("--state %q: want queued, offered, held, in-doubt or dead", state), c.CommandPath()+" -h")
			}
			return a.queueList(c.Context(), &m, limit)
		},
	})
	list.Flags().StringVar(&state, "state", "", "queued, offered, held, in-doubt or dead; all if not given")
	list.Flags().StringVar(&m.Peer, "peer", "", "only what waits for this node")
	list.Flags().BoolVar(&m.Late, "late", false, "what has not arrived in time, with the last node that answers for it")
	list.Flags().IntVarP(&limit, "limit", "n", 100, "at most so many")
	return group("queue", "Letters under way, for who operates a node (hàng đợi)", append([]*cobra.Command{list}, a.queueVerbs()...)...)
}

// A queueVerb is what an operator can do with letters.
type queueVerb struct {
	name, short, long string
	act               func(context.Context, lienthongv1.DeliveryServiceClient, *lienthongv1.QueueOrder) (interface {
		GetEntry() *lienthongv1.QueueEntry
	}, error)
}

func (a *app) queueVerbs() []*cobra.Command {
	type answer = interface {
		GetEntry() *lienthongv1.QueueEntry
	}
	var to string
	verbs := []queueVerb{
		{"hold", "Keep letters here until they are released",
			"Keep letters here. One that was offered to its next node may be there already: it\nis not offered again, and what that node answers counts.",
			func(ctx context.Context, c lienthongv1.DeliveryServiceClient, o *lienthongv1.QueueOrder) (answer, error) {
				return c.Hold(ctx, &lienthongv1.HoldRequest{Order: o})
			}},
		{"release", "Let held letters go on", "Let held letters go on, by the way that the directory knows now.",
			func(ctx context.Context, c lienthongv1.DeliveryServiceClient, o *lienthongv1.QueueOrder) (answer, error) {
				return c.Release(ctx, &lienthongv1.ReleaseRequest{Order: o})
			}},
		{"retry", "Try letters now that wait, or are dead", "Make letters due now that wait after a refusal, that have no route, or that are dead.",
			func(ctx context.Context, c lienthongv1.DeliveryServiceClient, o *lienthongv1.QueueOrder) (answer, error) {
				return c.Retry(ctx, &lienthongv1.RetryRequest{Order: o})
			}},
		{"redeliver", "Send letters again that have not arrived",
			"Send letters again that were handed on and have not arrived, or that failed: the same\nenvelope, by another way where there is one. Who has it already keeps it once.",
			func(ctx context.Context, c lienthongv1.DeliveryServiceClient, o *lienthongv1.QueueOrder) (answer, error) {
				return c.Redeliver(ctx, &lienthongv1.RedeliverRequest{Order: o})
			}},
		{"redirect", "Hand letters to another neighbour", "Hand letters to another neighbour than the directory says (--to). Their recipient stays.",
			func(ctx context.Context, c lienthongv1.DeliveryServiceClient, o *lienthongv1.QueueOrder) (answer, error) {
				return c.Redirect(ctx, &lienthongv1.RedirectRequest{Order: o, Peer: to})
			}},
		{"drop", "End letters that wait here; their sender is told why", "End letters that wait here, with a signed statement. Their sender reads the --reason.",
			func(ctx context.Context, c lienthongv1.DeliveryServiceClient, o *lienthongv1.QueueOrder) (answer, error) {
				return c.Drop(ctx, &lienthongv1.DropRequest{Order: o})
			}},
	}
	var out []*cobra.Command
	for _, v := range verbs {
		c := a.queueVerb(v)
		if v.name == "redirect" {
			c.Flags().StringVar(&to, "to", "", "id of the neighbour")
		}
		out = append(out, c)
	}
	return out
}

func (a *app) queueVerb(v queueVerb) *cobra.Command {
	var reason, staff string
	c := a.nodeFlags(&cobra.Command{
		Use:   v.name + " ID...",
		Short: v.short,
		Long:  v.long + "\nID is that of a delivery, as queue list shows it.",
		Args:  args(1, 1000),
		RunE: func(c *cobra.Command, ids []string) error {
			return a.queueAct(c.Context(), v, ids, &lienthongv1.QueueOrder{Staff: staffOf(staff), Reason: reason})
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "why; the journal has its SHA-256, the log of the node the words")
	c.Flags().StringVar(&staff, "staff", "", "id of the person for whom this is done")
	return c
}

// queueAct does one thing to each of the letters, and stops at the first that it cannot
// be done to.
func (a *app) queueAct(ctx context.Context, v queueVerb, ids []string, order *lienthongv1.QueueOrder) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, id := range ids {
		order.Id = id
		answer, err := v.act(ctx, c.Deliveries, order)
		if err != nil {
			return err
		}
		if err := a.printQueueEntry(answer.GetEntry()); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) queueList(ctx context.Context, m *lienthongv1.ListQueueRequest, limit int) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	seen, t := 0, a.queueTable()
	for seen < limit {
		m.PageSize = int32(min(limit-seen, 500))
		page, err := c.Deliveries.ListQueue(ctx, m)
		if err != nil {
			return err
		}
		for _, e := range page.GetEntries() {
			if t != nil {
				t.addQueueEntry(e)
				continue
			}
			if err := a.printQueueEntry(e); err != nil {
				return err
			}
		}
		seen += len(page.GetEntries())
		if m.PageToken = page.GetNextPageToken(); m.PageToken == "" {
			break
		}
	}
	if seen == 0 && !a.json {
		a.printf("%s\n", a.t("nothing", "không có"))
	}
	t.end()
	return nil
}

func (a *app) printQueueEntry(e *lienthongv1.QueueEntry) error {
	if a.json {
		return a.printProto(e)
	}
	from, to := first(e.GetOriginCode(), e.GetOriginAgency()), first(e.GetRecipientCode(), e.GetRecipient())
	text := a.stateText(e.GetState())
	if e.GetReason() != "" {
		text += " (" + e.GetReason() + ")"
	}
	a.printf("%s  %-28s %8s  %s → %s\n", e.GetId(), text, a.ageOf(e), from, to)
	a.printf("    %s\n", a.queueText(e))
	return nil
}

func (a *app) ageOf(e *lienthongv1.QueueEntry) string {
	return ageText(a.now().Sub(time.UnixMicro(e.GetCreated())))
}

// queueText says where a letter under way is, and what comes next.
func (a *app) queueText(e *lienthongv1.QueueEntry) string {
	now := a.now()
	more := a.t("next node ", "nút tiếp theo ") + orDash(e.GetPeer()) + a.t(", answered for by ", ", đang do nút ") + e.GetCustodian() + a.t("", " giữ")
	if e.GetAttempts() > 0 {
		more += fmt.Sprintf(a.t(", refused %d times", ", bị từ chối %d lần"), e.GetAttempts())
	}
	if due := time.UnixMicro(e.GetDueAt()); e.GetDueAt() > 0 && due.After(now) {
		more += a.t(", again at ", ", thử lại lúc ") + vnMicro(e.GetDueAt())
	}
	if late := time.UnixMicro(e.GetLateAt()); e.GetLateAt() > 0 && late.Before(now) {
		more += a.t(", LATE since ", ", TRỄ từ ") + vnMicro(e.GetLateAt())
	}
	return more
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// ageText is how long something has taken, in one unit.
func ageText(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
