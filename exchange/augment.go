package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"lienthong/envelope"
	"lienthong/journal"
	"lienthong/signer"
)

func reader(b Blob) io.Reader { return io.NewSectionReader(b, 0, b.Size()) }

// An AugmentRequest asks to bring a signed file of the agency to a later level.
type AugmentRequest struct {
	Agency    string // id or code
	File      envelope.Digest
	Level     signer.Level // B-T, B-LT or B-LTA
	Queue     bool         // return at once, and do it in the background
	RequestID string
}

// An AugmentResult is the new file, or the job that will make it.
type AugmentResult struct {
	File     *File // nil while it is queued
	Level    signer.Level
	Until    int64     // of its newest document time-stamp
	Job      *LevelJob // nil unless it was queued
	Warnings []string
}

// AugmentFile brings a signed file to a later level. The new file holds the old one
// untouched, belongs to the agency, and stands beside it.
func (s *Service) AugmentFile(ctx context.Context, actor journal.Actor, req AugmentRequest) (*AugmentResult, error) {
	if s.cfg.Signing == nil {
		return nil, fail(Unavailable, "NO_KEYS", "this node does not sign")
	}
	a, err := s.agencyHere(req.Agency)
	if err != nil {
		return nil, err
	}
	if !atLeast(req.Level, signer.LevelBT) {
		return nil, &Error{Code: Invalid, Reason: "BAD_FIELD", Text: "nothing was done",
			Fields: []Field{{"level", "BAD_FIELD", fmt.Sprintf("is %q, want B-T, B-LT or B-LTA", req.Level)}}}
	}
	content := req
	content.RequestID = ""
	request, done, err := s.request(ctx, actor, methodAugment, req.RequestID, a.ID, fingerprint(content))
	if err != nil {
		return nil, err
	}
	if done != "" {
		return s.augmentedBefore(ctx, a.ID, done, req)
	}
	if err := s.takesNew(ctx, &a); err != nil {
		return nil, err
	}
	if _, err := s.File(ctx, a.ID, req.File); err != nil {
		return nil, err
	}
	job, err := s.newLevelJob(actor.Principal, a.ID, req.File, req.Level)
	if err != nil {
		return nil, err
	}
	if req.Queue {
		return s.queueAugment(ctx, actor, job, request)
	}
	return s.augmentNow(ctx, actor, job, request)
}

func (s *Service) queueAugment(ctx context.Context, actor journal.Actor, job LevelJob, request *Request) (*AugmentResult, error) {
	if s.cfg.Signing.TSA == nil && s.cfg.Signing.PatientTSA == nil {
		return nil, noTSA(job.Level)
	}
	d := s.draft(actor)
	d.queueLevel(job)
	if request != nil {
		request.Answer = "job " + job.ID.String()
		d.change.Request = request
	}
	if _, err := s.commit(ctx, d.change); err != nil {
		return nil, storeError(err)
	}
	return &AugmentResult{Level: job.Level, Job: &job}, nil
}

func noTSA(level signer.Level) error {
	return &Error{Code: Precondition, Reason: signer.RefusedTSA, Text: fmt.Sprintf("level %s needs a time-stamping authority, and this node has none", level)}
}

func (s *Service) augmentNow(ctx context.Context, actor journal.Actor, job LevelJob, request *Request) (*AugmentResult, error) {
	from, err := s.latestOf(ctx, job.Agency, job.Base)
	if err != nil {
		return nil, err
	}
	if from.Level == "" {
		from.Digest = job.Base
	}
	step, err := s.augment(ctx, job, from.Digest, job.Level)
	if err != nil {
		return nil, signError(err)
	}
	if step == nil {
		file, err := s.File(ctx, job.Agency, from.Digest)
		return &AugmentResult{File: &file, Level: job.Level, Until: from.Until}, err
	}
	d := s.draft(actor)
	step.add(d, "")
	if request != nil {
		request.Answer = "file " + step.row.Digest.String()
		d.change.Request = request
	}
	if _, err := s.commit(ctx, d.change); err != nil {
		return nil, storeError(err)
	}
	return &AugmentResult{File: &step.file, Level: job.Level, Until: step.row.Until, Warnings: step.warnings}, nil
}

// augmentedBefore answers a repeated request.
func (s *Service) augmentedBefore(ctx context.Context, agency, answer string, req AugmentRequest) (*AugmentResult, error) {
	out := &AugmentResult{Level: req.Level}
	if hex, ok := strings.CutPrefix(answer, "file "); ok {
		digest, err := envelope.ParseDigest(hex)
		if err != nil {
			return nil, err
		}
		file, err := s.File(ctx, agency, digest)
		out.File = &file
		return out, err
	}
	jobs, err := s.cfg.Store.FileLevelJobs(ctx, agency, req.File)
	for i := range jobs {
		if answer == "job "+jobs[i].ID.String() {
			out.Job = &jobs[i]
		}
	}
	return out, err
}

// LevelJobs lists the jobs of an agency (id or code), newest first.
func (s *Service) LevelJobs(ctx context.Context, agency string, after envelope.ID, limit int) ([]LevelJob, error) {
	a, err := s.agencyOf(agency)
	if err != nil {
		return nil, err
	}
	return s.cfg.Store.LevelJobs(ctx, a.ID, after, limit)
}

// A FileView is a file, and what this node knows of its signing.
type FileView struct {
	File      File
	Augmented []Augmentation // oldest first
	Jobs      []LevelJob     // oldest first
	Evidence  []EvidenceRow  // kept from before the key was used
}

// FileView describes a file of the agency (id or code) with all that was made of it.
func (s *Service) FileView(ctx context.Context, agency string, digest envelope.Digest) (*FileView, error) {
	file, err := s.File(ctx, agency, digest)
	if err != nil {
		return nil, err
	}
	v := &FileView{File: file}
	if v.Augmented, err = s.cfg.Store.Augmentations(ctx, file.Holder, digest); err != nil {
		return nil, err
	}
	if v.Jobs, err = s.cfg.Store.FileLevelJobs(ctx, file.Holder, digest); err != nil {
		return nil, err
	}
	v.Evidence, err = s.cfg.Store.Evidence(ctx, file.Holder, digest)
	return v, err
}

// laterFiles puts, in place of each file to be sent, the newest that was made of it,
// unless the request wants the very file. Who asked for a later level expects it to
// be sent; where it is still queued, it is waited for as long as the node's policy says.
func (s *Service) laterFiles(ctx context.Context, from envelope.Agency, req *SendRequest) error {
	patience, cancel := context.WithTimeout(ctx, s.cfg.WaitLevel)
	defer cancel()
	files := make([]OutgoingFile, len(req.Files))
	for i, f := range req.Files {
		files[i] = f
		if f.Exact {
			continue
		}
		digest := f.Digest
		if len(f.Data) > 0 {
			digest = envelope.Sum(f.Data)
		}
		if digest.IsZero() || !f.Digest.IsZero() && digest != f.Digest {
			continue // refused elsewhere
		}
		later, err := s.laterOf(patience, ctx, from.ID, digest)
		if err != nil {
			return err
		}
		if later != nil && later.Digest != digest {
			files[i].Digest, files[i].Data = later.Digest, nil
			req.later = append(req.later, *later)
		}
	}
	req.Files = files
	return nil
}

// laterOf is the newest augmentation of a file, or nil. While jobs for it wait, so
// does this, as long as patience lasts.
func (s *Service) laterOf(patience, ctx context.Context, agency string, base envelope.Digest) (*Augmentation, error) {
	for {
		changed := s.changed.next()
		if patience.Err() == nil {
			jobs, err := s.cfg.Store.FileLevelJobs(ctx, agency, base)
			if err != nil {
				return nil, err
			}
			if waiting(jobs) && wait(patience, changed, pollPause) {
				continue
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		latest, err := s.latestOf(ctx, agency, base)
		if err != nil || latest.Level == "" {
			return nil, err
		}
		_, err = s.cfg.Store.File(ctx, agency, latest.Digest)
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		return &latest, err
	}
}

func waiting(jobs []LevelJob) bool {
	for _, j := range jobs {
		if j.State == LevelWaiting {
			return true
		}
	}
	return false
}

// levelDefaults fills in what a configuration leaves to us.
func (c *Config) levelDefaults() {
	for _, d := range []struct {
		to *time.Duration
		by time.Duration
	}{{&c.GiveUp, defaultGiveUp}, {&c.RenewBefore, defaultRenewBefore}} {
		if *d.to <= 0 {
			*d.to = d.by
		}
	}
}
