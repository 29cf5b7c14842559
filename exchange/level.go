package exchange

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
)

// Bounds of the work on a [LevelJob]. An authority takes up to three minutes, there may
// be three of them, and a file may need two time-stamps.
const (
	levelLease    = 20 * time.Minute
	levelLimit    = 19 * time.Minute
	levelMinPause = 30 * time.Second
	levelMaxPause = time.Hour
	// LevelWorkers is how many jobs are worked on at once: one less than the calls that
	// one authority takes, so that a person who waits is not behind all of them.
	LevelWorkers = 3
)

const (
	defaultGiveUp      = 7 * 24 * time.Hour
	defaultRenewBefore = 30 * 24 * time.Hour
	renewAgain         = 7 * 24 * time.Hour // if the job for it gave up
)

// newLevelJob is a job for a file of an agency, due now.
func (n *Node) newLevelJob(principal, agency string, base envelope.Digest, level signer.Level) (LevelJob, error) {
	id, err := n.newID()
	now := n.now()
	return LevelJob{ID: id, Agency: agency, Principal: principal, Base: base, Level: level, State: LevelWaiting,
		Created: now, DueAt: now, Deadline: now + n.cfg.GiveUp.Microseconds()}, err
}

// queueLevel adds a job to what is written.
func (d *draft) queueLevel(job LevelJob) {
	d.change.LevelJobs = append(d.change.LevelJobs, job)
	d.entry(job.Agency, "level.queued", job.Base.String(), fmt.Sprintf("job=%s level=%s", job.ID, job.Level))
}

// levelJobs brings files to their later levels, until ctx ends. A job that a crash
// interrupts is claimed again when its lease ends.
func (n *Node) levelJobs(ctx context.Context) {
	for ctx.Err() == nil {
		woken := n.jobs.of("level").next()
		worked, err := n.levelOne(ctx)
		if err != nil && ctx.Err() == nil {
			n.cfg.Log.Error("level: job", "error", err)
		}
		if !worked || err != nil {
			wait(ctx, woken, pollPause)
		}
	}
}

// levelOne does one attempt at one job, if one is due.
func (n *Node) levelOne(ctx context.Context) (bool, error) {
	now := n.cfg.Now()
	jobs, err := n.cfg.Store.ClaimLevelJobs(ctx, now.UnixMicro(), now.Add(levelLease).UnixMicro(), 1)
	if err != nil || len(jobs) == 0 {
		return false, err
	}
	job := jobs[0]
	limited, cancel := context.WithTimeout(ctx, levelLimit)
	defer cancel()
	err = n.raise(limited, job)
	switch {
	case err == nil, errors.Is(err, ErrStale): // done, or another has the job now
		return true, nil
	case ctx.Err() != nil:
		// The node stops: who starts it again does not wait for the lease.
		ctx, err = context.WithoutCancel(ctx), errStopped
	}
	return true, n.levelFailed(ctx, job, err)
}

var errStopped = errors.New("the node was stopped")

// raise brings the file of a job to its level, one step after the other. A time-stamp
// that took minutes is kept although the evidence after it cannot be had yet: it
// proves when the signature existed.
func (n *Node) raise(ctx context.Context, job LevelJob) (err error) {
	defer func() {
		// A file must not end the node, whatever it does to the writer.
		if p := recover(); p != nil {
			err = fmt.Errorf("exchange: augment file %s: panic: %v", job.Base, p)
		}
	}()
	have, err := n.latestOf(ctx, job.Agency, job.Base)
	if err != nil {
		return err
	}
	if have.Level == "" && job.Level != signer.LevelBT {
		step, err := n.augment(ctx, job, job.Base, signer.LevelBT)
		if err != nil {
			return err
		}
		if step != nil {
			if err := n.keepStep(ctx, job, step); err != nil {
				return err
			}
			have = *step.row
		}
	}
	if atLeast(have.Level, job.Level) && have.Created >= job.Created {
		return n.levelDone(ctx, job, nil, have.Digest)
	}
	from := job.Base
	if have.Level != "" {
		from = have.Digest
	}
	step, err := n.augment(ctx, job, from, job.Level)
	if err != nil {
		return err
	}
	if step == nil { // it has the level by itself
		return n.levelDone(ctx, job, nil, from)
	}
	return n.levelDone(ctx, job, step, step.row.Digest)
}

func atLeast(have, want signer.Level) bool {
	rank := map[signer.Level]int{signer.LevelBB: 1, signer.LevelBT: 2, signer.LevelBLT: 3, signer.LevelBLTA: 4}
	return rank[have] >= rank[want]
}

// latestOf is the newest augmentation of a file, empty if there is none.
func (n *Node) latestOf(ctx context.Context, agency string, base envelope.Digest) (Augmentation, error) {
	list, err := n.cfg.Store.Augmentations(ctx, agency, base)
	if err != nil || len(list) == 0 {
		return Augmentation{}, err
	}
	return list[len(list)-1], nil
}

// A levelStep is an augmented file that is durable and has no row yet.
type levelStep struct {
	row      *Augmentation
	file     File
	blob     BlobRow
	warnings []string
}

// augment makes one augmented file; nil where the file has the level already.
func (n *Node) augment(ctx context.Context, job LevelJob, from envelope.Digest, level signer.Level) (*levelStep, error) {
	file, err := n.cfg.Store.File(ctx, job.Agency, job.Base)
	if err != nil {
		return nil, err
	}
	blob, err := n.cfg.Blobs.Open(ctx, from)
	if err != nil {
		return nil, storeError(err)
	}
	defer blob.Close()
	id, err := n.newID()
	if err != nil {
		return nil, err
	}
	sink := newBlobSink(ctx, n.cfg.Blobs, "augment-"+id.String())
	defer sink.close(ctx)
	done, err := n.cfg.Signing.Augment(ctx, blob, level, job.patient(), sink)
	if err != nil || done.Revisions == 0 {
		return nil, err
	}
	root, size, err := envelope.LeafRoot(reader(sink.blob))
	if err != nil {
		return nil, err
	}
	now := n.now()
	step := &levelStep{warnings: done.Warnings, blob: BlobRow{Digest: done.Digest, Size: size, LeafRoot: root, Touched: now}}
	step.file = File{Holder: job.Agency, Digest: done.Digest, Size: size, LeafRoot: root, Name: file.Name, MediaType: "application/pdf", Since: now}
	step.row = n.augmentation(job.Agency, job.Base, done.Digest, level, done.Until)
	return step, nil
}

// patient: nobody waits for a job that is in the store.
func (j LevelJob) patient() bool { return j.Revision > 0 }

// augmentation is the row of an augmented file. An archive time-stamp is renewed some
// time before it ends; one that ends soon, half way there.
func (n *Node) augmentation(agency string, base, digest envelope.Digest, level signer.Level, until time.Time) *Augmentation {
	out := &Augmentation{Agency: agency, Base: base, Digest: digest, Level: level, Created: n.now()}
	if until.IsZero() {
		return out
	}
	out.Until = until.UnixMicro()
	if level == signer.LevelBLTA {
		left := max(out.Until-out.Created, 0)
		out.RenewAt = max(out.Until-min(n.cfg.RenewBefore.Microseconds(), left/2), out.Created+time.Hour.Microseconds())
	}
	return out
}

// add puts a step into what is written.
func (s *levelStep) add(d *draft, more string) {
	d.change.Wrote = append(d.change.Wrote, s.blob)
	d.change.Files = append(d.change.Files, s.file)
	d.change.Augmented = append(d.change.Augmented, *s.row)
	d.entry(s.row.Agency, "file.augmented", s.row.Digest.String(), fmt.Sprintf("base=%s level=%s%s", s.row.Base, s.row.Level, more))
}

// keepStep keeps a file on the way to the level; the job goes on.
func (n *Node) keepStep(ctx context.Context, job LevelJob, step *levelStep) error {
	d := n.draft(journal.System)
	step.add(d, fmt.Sprintf(" job=%s", job.ID))
	_, err := n.commit(ctx, d.change)
	return err
}

// levelDone ends a job well. The augmented file is durable and has no row: if we die
// here it is an orphan, and the job is done again.
func (n *Node) levelDone(ctx context.Context, job LevelJob, step *levelStep, output envelope.Digest) error {
	d := n.draft(journal.System)
	if step != nil {
		step.add(d, fmt.Sprintf(" job=%s", job.ID))
	}
	job.State, job.Ended, job.Output, job.Reason, job.Text = LevelDone, n.now(), output, "", ""
	d.change.LevelJobs = []LevelJob{job}
	d.entry(job.Agency, "level.done", output.String(), fmt.Sprintf("job=%s base=%s level=%s attempts=%d", job.ID, job.Base, job.Level, job.Attempts))
	_, err := n.commit(ctx, d.change)
	return err
}

// levelFailed puts a job off, or gives it up: at its deadline, or where another attempt
// cannot go better.
func (n *Node) levelFailed(ctx context.Context, job LevelJob, failed error) error {
	reason, hopeless := "INTERNAL", false
	var refused *signer.Refusal
	switch {
	case errors.As(failed, &refused):
		reason, hopeless = refused.Reason, refused.Reason == signer.RefusedFile
	case errors.Is(failed, ErrNotFound):
		reason, hopeless = "FILE_MISSING", true
	case errors.Is(failed, errStopped):
		reason = "STOPPED"
	case errors.Is(failed, ErrFull):
		reason = ReasonSpace
	case errors.Is(failed, context.DeadlineExceeded):
		reason = signer.RefusedTimeStamp
	}
	now := n.now()
	job.Reason, job.Text = reason, shortText(failed.Error())
	d := n.draft(journal.System)
	action := "level.attempt"
	job.DueAt = min(now+levelPause(job.Attempts).Microseconds(), job.Deadline)
	if errors.Is(failed, errStopped) {
		job.DueAt = now
	}
	if hopeless || now >= job.Deadline {
		action, job.State, job.Ended, job.DueAt = "level.given_up", LevelGivenUp, now, now
		n.cfg.Log.Error("level: given up", "job", job.ID.String(), "file", job.Base.String(), "level", string(job.Level), "reason", reason, "error", failed)
	} else {
		n.cfg.Log.Warn("level: put off", "job", job.ID.String(), "file", job.Base.String(), "until", timeText(job.DueAt), "reason", reason, "error", failed)
	}
	d.change.LevelJobs = []LevelJob{job}
	e := d.entry(job.Agency, action, job.Base.String(), fmt.Sprintf("job=%s level=%s attempts=%d", job.ID, job.Level, job.Attempts))
	d.change.Entries[e].Outcome = reason
	_, err := n.commit(ctx, d.change)
	if errors.Is(err, ErrStale) {
		return nil // another has the job now
	}
	return err
}

// levelPause grows with the attempts, with full jitter: many jobs that failed together
// do not come back together.
func levelPause(attempts int) time.Duration {
	most := levelMaxPause
	if attempts < 8 {
		most = min(levelMinPause<<max(attempts-1, 0), levelMaxPause)
	}
	return time.Second + rand.N(most)
}

// shortText bounds what is kept of an error.
func shortText(s string) string {
	const most = 1000
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// renew queues jobs for archive time-stamps that end soon.
func (n *Node) renew(ctx context.Context, now int64) error {
	for range tendRounds {
		list, err := n.cfg.Store.RenewalsDue(ctx, now, tendBatch)
		if err != nil {
			return err
		}
		for _, a := range list {
			if n.cfg.Signing == nil {
				return nil
			}
			job, err := n.newLevelJob(journal.System.Principal, a.Agency, a.Base, signer.LevelBLTA)
			if err != nil {
				return err
			}
			d := n.draft(journal.System)
			a.RenewAt = now + renewAgain.Microseconds()
			d.change.Augmented = []Augmentation{a}
			d.queueLevel(job)
			if _, err := n.commit(ctx, d.change); err != nil {
				return fmt.Errorf("renew file %s: %w", a.Digest, err)
			}
		}
		if len(list) < tendBatch {
			return nil
		}
	}
	return nil
}
