package signer

import "slices"

// finish settles what follows from everything else: indications, levels, the
// verdict, and the lists of the report.
func (c *check) finish() {
	for _, it := range c.items {
		if !it.timestamp {
			it.out.conclude(TotalPassed, "")
			it.out.Level = c.level(it)
			c.report.Signatures = append(c.report.Signatures, it.out)
			for _, st := range it.tokens {
				c.endStamp(&st.out, st.token != nil)
				c.report.Timestamps = append(c.report.Timestamps, st.out)
			}
			continue
		}
		c.endStamp(&it.out, it.token != nil)
		c.report.Timestamps = append(c.report.Timestamps, it.out)
	}
	if c.policy.DynamicContent == ContentIgnore {
		c.report.Findings = slices.DeleteFunc(c.report.Findings, isDynamic)
	}
	c.report.Verdict = c.verdict()
	c.report.Original = c.original()
	c.report.AcceptedByPolicy = c.acceptable()
}

// endStamp concludes a time-stamp. Without trust, a sound one passes as sound.
func (c *check) endStamp(s *Signature, sound bool) {
	if sound && !c.policy.Trust {
		s.conclude(TotalPassed, "")
	}
	if s.Indication == "" {
		s.conclude(Indeterminate, NoCertificateChainFound)
	}
}

// verdict is the answer about the file (see the package's design: what fails
// outweighs what cannot be decided, and that outweighs what passes).
func (c *check) verdict() Verdict {
	yes, no := VerdictValid, VerdictInvalid
	if !c.policy.Trust {
		yes, no = VerdictIntact, VerdictAltered
	}
	worst := Indication("")
	for i := range c.report.Signatures {
		if s := &c.report.Signatures[i]; weight(s.Indication) > weight(worst) {
			worst = s.Indication
		}
	}
	for _, it := range c.items {
		if it.timestamp && it.out.Indication == TotalFailed {
			worst = TotalFailed
		}
		for _, st := range it.tokens {
			if !c.policy.Trust && st.out.Indication == TotalFailed {
				worst = TotalFailed
			}
		}
	}
	for _, f := range c.report.Findings {
		if f.Result == Failed && (worst != "" || c.orphaned > 0) {
			worst = TotalFailed
		}
	}
	switch {
	case worst == TotalFailed:
		return no
	case len(c.report.Signatures) == 0 && c.unread:
		return VerdictIndeterminate // nobody can say that it is not signed
	case len(c.report.Signatures) == 0:
		return VerdictUnsigned
	case worst == Indeterminate || c.undecided():
		return VerdictIndeterminate
	}
	return yes
}

func isDynamic(f Finding) bool { return f.Name == ruleDynamic.name }

// undecided: a class of change that never leaves the file valid, a file that is
// only what was made of it, or content that the policy does not take.
func (c *check) undecided() bool {
	if c.file.Repair() != nil || c.policy.DynamicContent == ContentIndeterminate && slices.ContainsFunc(c.report.Findings, isDynamic) {
		return true
	}
	for i := range c.report.Signatures {
		if c.report.Signatures[i].Changes == ChangesAnnotation {
			return true
		}
	}
	return false
}

// original: a passing personal and a passing agency signature of the claimed
// agency, in a valid file (Decree 30/2020/NĐ-CP, Art. 5).
func (c *check) original() bool {
	if c.opts.Claim == nil || c.report.Verdict != VerdictValid {
		return false
	}
	roles := make(map[string]bool)
	for i := range c.report.Signatures {
		s := &c.report.Signatures[i]
		if s.Indication == TotalPassed && s.Binding == BindingBound && s.Agency == c.opts.Claim.Agency {
			roles[s.Role] = true
		}
	}
	return roles[RolePersonal] && roles[RoleAgency]
}

// acceptable: what keeps the file from being valid is only that the status of a
// certificate could not be had, and the policy takes that.
func (c *check) acceptable() bool {
	if c.policy.Revocation != RevocationSoft || c.report.Verdict != VerdictIndeterminate || c.undecided() {
		return false
	}
	for i := range c.report.Signatures {
		s := &c.report.Signatures[i]
		if s.Indication == TotalPassed {
			continue
		}
		for _, f := range s.Findings {
			if f.Result == Failed && (f.Name != ruleRevocation.name && f.Name != ruleRevokedCA.name) {
				return false
			}
		}
		if s.SubIndication != TryLater && s.SubIndication != CertificateChainGeneral {
			return false
		}
	}
	return true
}
