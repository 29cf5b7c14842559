package exchange

import (
	"slices"

	"lienthong/envelope"
	"lienthong/signer"
)

// A statement names the report of every file as long as there is space: about 770 files. Of
// larger letters every file keeps its verdict, which 1,000 files have space for, and the
// reports of those that say least are left out. They are kept where the letter was judged.
const (
	maxVerdicts = envelope.MaxStatement - 4<<10 // bytes; ids, digests and times of a statement take less than the rest
	sizeReport  = 2 + 32                        // bytes of a report's digest in it
)

// leastSaying are verdicts in the order in which their reports are left out.
var leastSaying = []string{string(signer.VerdictValid), string(signer.VerdictUnsigned), string(signer.VerdictIndeterminate), string(signer.VerdictInvalid)}

// fitVerdicts leaves out as few reports as a statement has no space for, of files from the
// last on; that of the main file stays.
func fitVerdicts(d *envelope.ValidatedDetail, main int) {
	over := (d.Size() - maxVerdicts + sizeReport - 1) / sizeReport
	for _, verdict := range leastSaying {
		for i, f := range slices.Backward(d.Files) {
			if over > 0 && f.Verdict == verdict && i != main && !f.Report.IsZero() {
				d.Files[i].Report = envelope.Digest{}
				over--
			}
		}
	}
}

// shortened reports whether reports were left out: there is no space for one more.
func shortened(d *envelope.ValidatedDetail) bool { return d.Size() > maxVerdicts-sizeReport }
