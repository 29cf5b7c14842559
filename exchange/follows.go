package exchange

import (
	"bytes"
	"fmt"

	"lienthong/envelope"
)

// rewritten refuses a file that takes back what an earlier epoch has said.
func rewritten(what, format string, args ...any) error {
	return fail(Invalid, ReasonRewritten, "%s %s: entries are ended, never removed, and their past stays", what, fmt.Sprintf(format, args...))
}

// directoryFollows checks that a directory takes back nothing of the one before: what was there
// is there, at most with an end that lies after the one before was issued.
func directoryFollows(old, next *envelope.Directory) error {
	if next.Issued < old.Issued {
		return rewritten("zone "+next.Zone, "was issued at %s, the epoch before at %s", timeText(next.Issued), timeText(old.Issued))
	}
	nodes := make(map[string]*envelope.Node, len(next.Nodes))
	for i := range next.Nodes {
		nodes[next.Nodes[i].ID] = &next.Nodes[i]
	}
	for i := range old.Nodes {
		if err := nodeFollows(&old.Nodes[i], nodes[old.Nodes[i].ID], old.Issued); err != nil {
			return err
		}
	}
	agencies := make(map[string]*envelope.Agency, len(next.Agencies))
	for i := range next.Agencies {
		agencies[next.Agencies[i].ID] = &next.Agencies[i]
	}
	for i := range old.Agencies {
		if err := agencyFollows(&old.Agencies[i], agencies[old.Agencies[i].ID], old.Issued); err != nil {
			return err
		}
	}
	return nil
}

func nodeFollows(had, now *envelope.Node, since int64) error {
	what := fmt.Sprintf("node %q", had.ID)
	if now == nil {
		return rewritten(what, "is missing")
	}
	if err := endFollows(what, had.Ended, now.Ended, since); err != nil {
		return err
	}
	for _, c := range had.Certificates {
		found := false
		for _, n := range now.Certificates {
			if bytes.Equal(n.Certificate, c.Certificate) && n.NotBefore == c.NotBefore {
				found = true
				if err := spanFollows(what+": a certificate", c.NotAfter, n.NotAfter, c.Compromised, n.Compromised, since); err != nil {
					return err
				}
			}
		}
		if !found {
			return rewritten(what, "has lost a certificate, or its beginning changed")
		}
	}
	return nil
}

func agencyFollows(had, now *envelope.Agency, since int64) error {
	what := fmt.Sprintf("agency %q", had.ID)
	if now == nil {
		return rewritten(what, "is missing")
	}
	if err := endFollows(what, had.Ended, now.Ended, since); err != nil {
		return err
	}
	if err := homesFollow(what, had, now, since); err != nil {
		return err
	}
	for _, c := range had.Codes {
		found := false
		for _, n := range now.Codes {
			if n.Code == c.Code && n.NotBefore == c.NotBefore {
				found = true
				if err := endFollows(what+": code "+c.Code, c.NotAfter, n.NotAfter, since); err != nil {
					return err
				}
			}
		}
		if !found {
			return rewritten(what, "has lost the code %q, or its beginning changed", c.Code)
		}
	}
	for _, c := range had.Certificates {
		found := false
		for _, n := range now.Certificates {
			if bytes.Equal(n.Certificate, c.Certificate) && n.NotBefore == c.NotBefore && n.Role == c.Role {
				found = true
				if err := spanFollows(what+": a certificate", c.NotAfter, n.NotAfter, c.Compromised, n.Compromised, since); err != nil {
					return err
				}
			}
		}
		if !found {
			return rewritten(what, "has lost a certificate, or its role or beginning changed")
		}
	}
	return nil
}

func homesFollow(what string, had, now *envelope.Agency, since int64) error {
	for _, h := range had.FormerHomes {
		if !hasHome(now.FormerHomes, h) {
			return rewritten(what, "was at home at node %q until %s, and that is missing", h.Node, timeText(h.Until))
		}
	}
	if had.HomeNode == "" || had.HomeNode == now.HomeNode {
		return nil
	}
	for _, h := range now.FormerHomes {
		if h.Node == had.HomeNode && h.Until >= since {
			return nil
		}
	}
	return rewritten(what, "moved from node %q to %q without a former home until then: what the old home signed would not verify", had.HomeNode, now.HomeNode)
}

func hasHome(list []envelope.FormerHome, h envelope.FormerHome) bool {
	for _, x := range list {
		if x == h {
			return true
		}
	}
	return false
}

// endFollows allows an end to be set, and one that lay in the future to be moved, but
// not to before the earlier epoch was issued: that would change what was so then.
func endFollows(what string, had, now, since int64) error {
	switch {
	case had == now, had == 0 && now >= since, had > since && (now == 0 || now >= since):
		return nil
	case now == 0:
		return rewritten(what, "ended at %s, and that is missing", timeText(had))
	case had == 0:
		return rewritten(what, "is to have ended at %s, before the epoch before was issued (%s)", timeText(now), timeText(since))
	}
	return rewritten(what, "ended at %s, and is to have ended at %s", timeText(had), timeText(now))
}

// spanFollows is endFollows for a certificate. One that is marked as compromised may end
// at that time, however far back; a mark may move to an earlier time, and stays.
func spanFollows(what string, hadEnd, end, hadMark, mark, since int64) error {
	if hadMark != 0 && (mark == 0 || mark > hadMark) {
		return rewritten(what, "was compromised from %s on, and that changed", timeText(hadMark))
	}
	if mark != 0 && end != 0 && end >= mark {
		return nil
	}
	return endFollows(what, hadEnd, end, since)
}

func authorityFollows(what string, had envelope.ZoneAuthority, list []envelope.ZoneAuthority, since int64) error {
	for _, a := range list {
		if bytes.Equal(a.Certificate, had.Certificate) && a.NotBefore == had.NotBefore {
			return spanFollows(what+": an authority", had.NotAfter, a.NotAfter, had.Compromised, a.Compromised, since)
		}
	}
	return rewritten(what, "has lost an authority, or its beginning changed")
}
