package main

import lienthongv1 "lienthong/proto/lienthong/v1"

// inboxesOf are the inboxes of a round with one letter, in a case of TestComplaints.
func inboxesOf(name string) map[string]map[string][]*lienthongv1.Delivery {
	one := func(number string, digest byte) *lienthongv1.Delivery {
		return &lienthongv1.Delivery{Status: 1, Document: &lienthongv1.Document{EnvelopeDigest: []byte{digest}, Metadata: &lienthongv1.DocumentMetadata{Number: number}}}
	}
	inbox := map[string][]*lienthongv1.Delivery{"10": {one("10", 1)}, "7": {one("7", 9)}}
	switch name {
	case "lost":
		delete(inbox, "10")
	case "twice":
		inbox["10"] = append(inbox["10"], one("10", 1))
	case "changed":
		inbox["10"][0] = one("10", 2)
	case "stranger":
		inbox["11"] = []*lienthongv1.Delivery{one("11", 3)}
	case "old twice":
		inbox["7"] = append(inbox["7"], one("7", 9))
	}
	return map[string]map[string][]*lienthongv1.Delivery{"a-tinh": inbox}
}
