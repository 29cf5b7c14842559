package signer

import "time"

// FindingCrashed says that the process which judged the file has ended over it.
const FindingCrashed = "validation-crashed"

var ruleCrashed = rule{FindingCrashed, "EN 319 102-1 5.1.3", "the file ended the program that judged it", "không kiểm tra xong tệp"}

// crashRows are what is said of it.
var crashRows = []row{
	{"crash.ended", "the process that judged the file, whose time and memory are limited, has ended: %s", "cause",
		"vì tiến trình kiểm tra, bị giới hạn về thời gian và bộ nhớ, đã dừng giữa chừng; chi tiết kỹ thuật: {cause}"},
}

// Crashed is the report of a file that ended the process which judged it, for a cause, by a
// built-in policy (empty for the default): indeterminate, since nothing was found out.
func Crashed(at time.Time, policy, cause string) (*Report, error) {
	by := DefaultPolicy()
	if policy != "" {
		var err error
		if by, err = BuiltinPolicy(policy); err != nil {
			return nil, err
		}
	}
	return &Report{Schema: ReportSchema, Verdict: VerdictIndeterminate, ValidatedAt: at.UTC().Truncate(time.Second), Policy: by.Reference(),
		Signatures: []Signature{}, Timestamps: []Signature{}, Findings: []Finding{finding(ruleCrashed, Failed, "",
			"the process that judged the file, whose time and memory are limited, has ended: %s", cause)}}, nil
}
