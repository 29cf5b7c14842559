package exchange

import (
	"context"
	"time"

	"lienthong/envelope"
	"lienthong/exchange/notation"
)

// fillHandover adds what a letter does within its dossier. One that names the dossier and
// a day hands it over. One that names no day, and answers a letter that did, gives the
// result back: a question about the dossier has a day of its own.
func (n *Node) fillHandover(f *Filing, route *envelope.Route, m *envelope.Metadata) {
	if f.Dossier == "" || route.Kind == envelope.KindRecall {
		return
	}
	if due := n.cfg.Calendar.Result(m.DueDate); !due.IsZero() {
		f.WantedBy = max(0, due.UnixMicro())
		return
	}
	f.AnsweredAt = max(route.Created, route.NotBefore) // the same at both ends, however long it went
	for _, digest := range route.Targets(envelope.RelationRepliesTo) {
		if !digest.IsZero() {
			f.Answers = append(f.Answers, digest)
		}
	}
}

// A Stage is how far a dossier is that was handed over.
type Stage uint8

const (
	StageHandedOver Stage = 1 // đã chuyển
	StageAccepted   Stage = 2 // đã tiếp nhận
	StageReturned   Stage = 3 // đã trả kết quả
	StageRefused    Stage = 4 // từ chối tiếp nhận
	StageWithdrawn  Stage = 5 // thu hồi
	StageFailed     Stage = 6 // không gửi được
)

// Stage follows from the letters: what is nobody's to do any more comes first.
func (h *Handover) Stage() Stage {
	switch {
	case h.Answered != 0:
		return StageReturned
	case h.Copy == CopyRecalled || h.State == StateStopped:
		return StageWithdrawn
	case h.Status == StatusRefused:
		return StageRefused
	case h.State == StateFailed || h.State == StateDropped:
		return StageFailed
	case h.Status >= StatusAccepted && h.Status <= StatusDone:
		return StageAccepted
	}
	return StageHandedOver
}

// Awaited reports whether a result is, or was, wanted of it: nobody waits for what was
// refused or withdrawn. What is awaited is late when its day is over without a result, or
// when the result came after it (hồ sơ quá hạn); that the letter is marked done (06) is
// no result. Lists, statistics and apologies go by this.
func (h *Handover) Awaited() bool {
	return h.Status != StatusRefused && h.Copy != CopyRecalled && h.State != StateStopped
}

// A HandoverView is one with what its letter says and how late it is.
type HandoverView struct {
	Handover
	Metadata envelope.Metadata
	Stage    Stage
	Late     bool
	LateDays int  // working days that have begun since it was due
	Guessed  bool // the calendar has no data of a year that was counted in
}

// A HandoverRequest asks for those of an agency.
type HandoverRequest struct {
	Agency string // id or code
	Code   string // of one dossier; empty: of all
	Way    Way    // 0: both
	Late   bool   // late alone
}

// Handovers lists the dossiers that an agency handed over, or that were handed to it, the
// newest first, and the mark after which the list goes on.
func (s *Service) Handovers(ctx context.Context, req HandoverRequest, after Mark, limit int) ([]HandoverView, Mark, error) {
	a, err := s.agencyOf(req.Agency)
	if err != nil {
		return nil, after, err
	}
	if req.Way > WayIn {
		return nil, after, fail(Invalid, "BAD_FIELD", "direction is %d, want 1 (handed over) or 2 (came)", req.Way)
	}
	want := HandoverQuery{Code: notation.Clean(req.Code), Way: req.Way}
	now := s.cfg.Now()
	if req.Late {
		want.Late = now.UnixMicro()
	}
	rows, err := s.cfg.Store.Handovers(ctx, a.ID, want, after, page(limit))
	if err != nil {
		return nil, after, err
	}
	out := make([]HandoverView, len(rows))
	for i, h := range rows {
		if out[i], err = s.handoverView(ctx, h, now); err != nil {
			return nil, after, err
		}
		after = Mark{h.At, h.ID}
	}
	return out, after, nil
}

func (n *Node) handoverView(ctx context.Context, h Handover, now time.Time) (HandoverView, error) {
	v := HandoverView{Handover: h, Stage: h.Stage()}
	letter, err := n.cfg.Store.Letter(ctx, h.Letter)
	if err != nil {
		return v, err
	}
	doc, err := opened(letter)
	if err != nil {
		return v, err
	}
	v.Metadata = doc.Content.Metadata
	if !h.Awaited() {
		return v, nil
	}
	until := now
	if h.Answered != 0 {
		until = time.UnixMicro(h.Answered)
	}
	due := time.UnixMicro(h.Due)
	v.Late, v.LateDays = !until.Before(due), n.cfg.Calendar.Late(due, until)
	v.Guessed = !n.cfg.Calendar.Knows(due) || !n.cfg.Calendar.Knows(until)
	return v, nil
}
