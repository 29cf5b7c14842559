package signer

import (
	"fmt"
	"io"
)

// WriteWhy writes how the verdict came about, for people who know nothing of
// signatures: for each signature the questions in the order in which they are
// asked, what was found, what that means and what to do, then the same of the file.
// It says nothing that is not in the report, so a report from elsewhere can be
// explained as well. Times are UTC+07:00.
func (r *Report) WriteWhy(w io.Writer, lang Language) error {
	p := &textPrinter{lang: lang}
	p.header(r)
	p.line("")
	p.line("  " + p.say("How this was decided, step by step  (✓ in order, ! to be known, ✗ not in order, – not reached)",
		"Kết quả này được xác định như thế nào  (✓ đạt, ! cần lưu ý, ✗ không đạt, – chưa xét tới)"))
	for i := range r.Signatures {
		p.whySignature(i+1, &r.Signatures[i])
	}
	for i := range r.Timestamps {
		p.whyTimestamp(i+1, &r.Timestamps[i])
	}
	p.whyFile(r)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// whyStep is one question on the way to the decision. The findings that bear on it are known by
// their names.
type whyStep struct {
	en, vi string
	names  []string
	answer func(p *textPrinter, s *Signature) string
	// reached reports that the question was asked though no finding tells.
	reached func(s *Signature) bool
}

func (p *textPrinter) whySignature(n int, s *Signature) {
	p.line("")
	p.line(fmt.Sprintf("  %s %d: %s", p.say("Signature", "Chữ ký"), n, clean(s.Field)))
	p.questions(s)
	p.conclusion(s)
}

func (p *textPrinter) questions(s *Signature) {
	told := make([]bool, len(s.Findings))
	for i, q := range whySteps {
		var list []Finding
		for j, f := range s.Findings {
			if !told[j] && q.about(f.Name) {
				told[j] = true
				list = append(list, f)
			}
		}
		mark := worstMark(list)
		if len(list) == 0 {
			mark = "–"
			if q.reached != nil && q.reached(s) {
				mark = "✓"
			}
		}
		switch {
		case i == whole && s.Integrity == IntegrityAltered:
			mark = "✗"
		case i == when && mark == "✓" && s.TimeSource == TimeClaimed:
			mark = "!"
		}
		p.line(fmt.Sprintf("    %s %d. %s", mark, i+1, p.say(q.en, q.vi)))
		if mark == "–" {
			if s.Indication == TotalPassed {
				p.line("         " + p.say("not asked", "không được yêu cầu xét"))
			}
			continue
		}
		if q.answer != nil {
			if text := q.answer(p, s); text != "" {
				p.line("         " + clean(text))
			}
		}
		p.whyFindings(list)
	}
	var rest []Finding
	for j, f := range s.Findings {
		if !told[j] {
			rest = append(rest, f)
		}
	}
	if len(notPassed(rest)) > 0 {
		p.line("    " + worstMark(rest) + " " + p.say("Also found", "Ngoài ra"))
		p.whyFindings(rest)
	}
}

func (q *whyStep) about(name string) bool {
	for _, n := range q.names {
		if n == name {
			return true
		}
	}
	return false
}

func worstMark(list []Finding) string {
	mark := "✓"
	for _, f := range list {
		switch f.Result {
		case Failed:
			return "✗"
		case Warning:
			mark = "!"
		}
	}
	return mark
}

// whyFindings writes what did not pass, with the clause that it rests on.
func (p *textPrinter) whyFindings(list []Finding) {
	for _, f := range notPassed(list) {
		mark := "!"
		if f.Result == Failed {
			mark = "✗"
		}
		text := fmt.Sprintf("         %s %s (%s", mark, title(f.Name, p.lang), clean(f.Clause))
		if f.Object != "" {
			text += ", " + p.say("object ", "đối tượng ") + clean(f.Object)
		}
		p.line(text + ")")
		if f.Detail != "" {
			p.line("           " + clean(f.Text(p.lang)))
		}
	}
}

func (p *textPrinter) conclusion(s *Signature) {
	text := p.say("Conclusion: ", "Kết luận: ") + p.indication(s.Indication)
	if s.SubIndication != "" {
		text += " (" + string(s.SubIndication) + ")"
	}
	p.line("    → " + text)
	if a, ok := advices[s.SubIndication]; ok && s.Indication != TotalPassed {
		p.line("      " + p.say("Meaning: ", "Ý nghĩa: ") + p.say(a.meaning.en, a.meaning.vi))
		p.line("      " + p.say("What to do: ", "Cần làm: ") + p.say(a.todo.en, a.todo.vi))
	}
}

func (p *textPrinter) whyTimestamp(n int, s *Signature) {
	p.line("")
	p.line(fmt.Sprintf("  %s %d: %s", p.say("Time-stamp", "Dấu thời gian"), n, clean(s.Field)))
	p.line("    " + worstMark(s.Findings) + " " + clean(p.time(s.ClaimedTime)+", "+s.Signer.CommonName))
	p.whyFindings(s.Findings)
	p.conclusion(s)
}

func (p *textPrinter) whyFile(r *Report) {
	p.line("")
	p.line("  " + p.say("The file", "Toàn bộ tệp"))
	if bad := notPassed(r.Findings); len(bad) > 0 {
		p.line("    " + worstMark(bad) + " " + p.say("Found in the file, outside of any one signature", "Phát hiện trong tệp, không riêng của chữ ký nào"))
		p.whyFindings(bad)
	} else {
		p.line("    ✓ " + p.say("Nothing odd was found in the file itself", "Không phát hiện điều bất thường trong tệp"))
	}
	p.line("    → " + p.say("Conclusion: ", "Kết luận: ") + p.verdict(r.Verdict))
	if a, ok := verdictAdvices[r.Verdict]; ok {
		p.line("      " + p.say("Meaning: ", "Ý nghĩa: ") + p.say(a.meaning.en, a.meaning.vi))
		p.line("      " + p.say("What to do: ", "Cần làm: ") + p.say(a.todo.en, a.todo.vi))
	}
}
