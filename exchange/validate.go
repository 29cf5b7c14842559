package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lienthong/certs"
	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
)

// ValidateFunc judges a PDF at a time by a policy (a built-in name, empty for the
// default), against a claim that may be nil. Its error means that the file cannot be read.
type ValidateFunc func(ctx context.Context, file Blob, at time.Time, policy string, claim *signer.Claim) (*signer.Report, error)

// ErrCrashed: the process that judged a file has ended over it. The report that comes along
// says so, as [signer.Crashed] does.
var ErrCrashed = errors.New("the process that judged the file has ended")

// ErrNotNow: whoever would judge cannot now. That says nothing about the file.
var ErrNotNow = errors.New("it cannot be judged now")

// NewValidator is the validator of a node: [signer.Validate] with its anchors and evidence.
func NewValidator(trust *certs.Trust, evidence *certs.Evidence) ValidateFunc {
	return func(ctx context.Context, file Blob, at time.Time, policy string, claim *signer.Claim) (*signer.Report, error) {
		opts := signer.Options{At: at, Trust: trust, Evidence: evidence, Claim: claim}
		if policy != "" {
			p, err := signer.BuiltinPolicy(policy)
			if err != nil {
				return nil, &Error{Code: Invalid, Reason: "UNKNOWN_POLICY", Text: "the policy is not known", Cause: err}
			}
			opts.Policy = p
		}
		return signer.Validate(ctx, file, opts)
	}
}

// Bounds of a validation job.
const (
	jobLease   = 10 * time.Minute
	jobLimit   = 5 * time.Minute
	maxAttempt = 3
)

// An indeterminate verdict is looked at again every hour of the first day, since most
// lists are made anew within that, and once a day for a month: a node may be cut off
// from its CA for days.
const (
	lookHourly = 24 * time.Hour
	lookDaily  = 31 * 24 * time.Hour
)

// nextLook is the pause until a letter that came so long ago is judged again, zero
// where it is not.
func nextLook(age time.Duration) time.Duration {
	switch {
	case age < lookHourly:
		return time.Hour
	case age < lookDaily:
		return 24 * time.Hour
	}
	return 0
}

// validateJobs judges what was delivered here, until ctx ends. A job that a crash
// interrupts is claimed again when its lease ends.
func (n *Node) validateJobs(ctx context.Context) {
	for ctx.Err() == nil {
		woken := n.jobs.of("").next()
		worked, err := n.validateOne(ctx)
		if err != nil && ctx.Err() == nil {
			n.cfg.Log.Error("validate: job", "error", err)
		}
		if !worked || err != nil {
			wait(ctx, woken, pollPause)
		}
	}
}

// validateOne does one job, if there is one.
func (n *Node) validateOne(ctx context.Context) (bool, error) {
	now := n.cfg.Now()
	jobs, err := n.cfg.Store.ClaimJobs(ctx, now.UnixMicro(), now.Add(jobLease).UnixMicro(), 1)
	if err != nil || len(jobs) == 0 {
		return false, err
	}
	// The job is ours until its lease ends. A store that is away or full meanwhile must not
	// cost the letter that time: it comes back, and whoever reads the letter waits.
	for {
		err := n.validateJob(ctx, jobs[0])
		if !errors.Is(err, ErrAway) && !errors.Is(err, ErrFull) || n.cfg.Now().Sub(now) > jobLease-jobLimit {
			return true, err
		}
		n.cfg.Log.Warn("validate: job waits for the store", "error", err)
		if !wait(ctx, nil, pollPause) {
			return true, err
		}
	}
}

// validateJob does one job that was claimed.
func (n *Node) validateJob(ctx context.Context, job Job) (err error) {
	ctx, end := n.span(ctx, SpanValidate, job.Key.ID)
	defer func() { end(err) }()
	letter, err := n.cfg.Store.Letter(ctx, job.Key.Letter())
	if err != nil {
		return err
	}
	content, err := envelope.ParseContent(letter.Content)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, jobLimit)
	defer cancel()
	judged, err := n.judge(limited, job, &letter, &content)
	switch {
	case ctx.Err() != nil:
		return n.handBack(context.WithoutCancel(ctx), job)
	case err != nil && limited.Err() != nil:
		return fmt.Errorf("validate letter %s: not done within %s", letter.Key.ID, jobLimit)
	case err != nil:
		return fmt.Errorf("validate letter %s: %w", letter.Key.ID, err)
	}
	return n.recordVerdict(ctx, job, judged)
}

// handBack makes a job due again that this process has no time for: whoever goes on
// does not wait for the lease.
func (n *Node) handBack(ctx context.Context, job Job) error {
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	d := n.draft(journal.System)
	e := d.entry(job.Agency, "validation.attempt", "", about(job.Key))
	d.change.Entries[e].Outcome = "STOPPED"
	d.change.Jobs = []Job{{Key: job.Key, Agency: job.Agency, DueAt: n.now(), Attempts: job.Attempts - 1}}
	_, err := n.commit(ctx, d.change)
	return err
}

// recordVerdict signs the outcome, unless it is what was said before of every file, and
// sends it towards the origin. Results are appended, none is overwritten.
func (n *Node) recordVerdict(ctx context.Context, job Job, j judgement) error {
	return n.decide(ctx, func() error {
		to, err := n.deliveryByKey(ctx, job.Key)
		if err != nil {
			return err
		}
		stored, err := n.cfg.Store.Statements(ctx, to.Digest, to.Key.Recipient)
		if err != nil {
			return err
		}
		d := n.draft(journal.System)
		next, last := n.own(stored, envelope.Validated)
		said, err := j.saidBy(last)
		if err != nil {
			return err
		}
		if !said || to.Verdict != j.detail.Verdict {
			if _, err := d.issue(envelope.Validated, to, next, to.Tip, to.From, func(st *envelope.Statement) { st.Validated = &j.detail }); err != nil {
				return err
			}
			to.Verdict, to.VerdictSeq, to.Updated = j.detail.Verdict, next, n.now()
			d.change.Deliveries = append(d.change.Deliveries, to)
			for i := range j.reports {
				j.reports[i].Agency = to.Key.Recipient
			}
			d.change.Reports = j.reports
		}
		e := d.entry(to.Key.Recipient, "letter.validated", to.Digest.String(), about(to.Key)+" verdict="+j.detail.Verdict)
		d.change.Entries[e].Outcome = first(j.detail.Verdict, journal.OutcomeOK)
		d.change.Finished = append(d.change.Finished, job.Key)
		pause := nextLook(time.Duration(n.now()-to.Created) * time.Microsecond)
		if j.crashed && pause > 0 {
			pause = max(pause, 24*time.Hour) // only another program finds out more
		}
		if j.again && pause > 0 {
			d.change.Finished = nil
			d.change.Jobs = append(d.change.Jobs, Job{Key: job.Key, Agency: job.Agency, DueAt: n.now() + pause.Microseconds(), Attempts: min(job.Attempts-1, 1)})
		}
		_, err = n.commit(ctx, d.change)
		return err
	})
}

func (n *Node) deliveryByKey(ctx context.Context, key DeliveryKey) (Delivery, error) {
	rows, err := n.cfg.Store.Deliveries(ctx, key.Letter())
	if err != nil {
		return Delivery{}, err
	}
	for _, row := range rows {
		if row.Key == key {
			return row, nil
		}
	}
	return Delivery{}, fmt.Errorf("exchange: delivery of letter %s to %q: %w", key.ID, key.Recipient, ErrNotFound)
}

// Validate judges a file of the agency, claimed to come from another (id or code;
// empty for none), by a built-in policy (empty for the default).
func (s *Service) Validate(ctx context.Context, actor journal.Actor, agency string, digest envelope.Digest, claimed, policy string) (*signer.Report, error) {
	file, blob, err := s.OpenFile(ctx, agency, digest)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	var claim *signer.Claim
	if claimed != "" {
		a, ok := s.Directory().Agency(claimed)
		if !ok {
			return nil, fail(NotFound, "UNKNOWN_AGENCY", "agency %.80q is not in the directory", claimed)
		}
		claim = s.Directory().Claim(a.ID, s.cfg.Now())
	}
	if s.cfg.Validate == nil {
		return nil, fail(Unavailable, "NO_VALIDATOR", "this node validates no files")
	}
	read := &watched{Blob: blob}
	report, err := s.cfg.Validate(ctx, read, s.cfg.Now(), policy, claim)
	if failed := read.failure(); errors.Is(failed, ErrAway) {
		return nil, storeError(failed)
	}
	var own *Error
	if errors.As(err, &own) {
		return nil, err
	}
	if err != nil {
		return nil, &Error{Code: Invalid, Reason: "UNREADABLE", Text: fmt.Sprintf("file %s cannot be read as a PDF", digest), Cause: err}
	}
	report.File = file.Name
	kept, err := s.keptFindings(ctx, file)
	if err != nil {
		return nil, err
	}
	report.Findings = append(report.Findings, kept...)
	entry := s.entry(actor, file.Holder, "file.validate", digest.String(), "policy="+report.Policy.ID+" verdict="+string(report.Verdict))
	return report, s.Record(ctx, entry)
}
