package names

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"sort"
	"strings"
)

func (n Name) String() string {
	switch n.form {
	case formEmail, formDNS:
		return fmt.Sprintf("%q", n.value)
	case formIP:
		return net.IP(n.value).String()
	case formDirectory:
		var rdns pkix.RDNSequence
		if _, err := asn1.Unmarshal(n.value, &rdns); err == nil {
			return fmt.Sprintf("%q", rdns.String())
		}
	}
	return fmt.Sprintf("a name of form [%d]", n.form)
}

// within reports whether a name lies in the subtree of a base of its form.
func within(n, base Name) (bool, error) {
	switch n.form {
	case formDirectory:
		return directoryWithin(n.value, base.value)
	case formDNS:
		return hostWithin(string(n.value), string(base.value)), nil
	case formEmail:
		return emailWithin(string(n.value), string(base.value)), nil
	case formIP:
		return ipWithin(n.value, base.value)
	}
	return false, fmt.Errorf("constraint on names of form [%d], which cannot be compared here", n.form)
}

// directoryWithin compares from the root, one relative name after the other.
func directoryWithin(name, base []byte) (bool, error) {
	names, err := flatten(name)
	if err != nil {
		return false, err
	}
	bases, err := flatten(base)
	if err != nil {
		return false, err
	}
	if len(bases) > len(names) {
		return false, nil
	}
	for i, rdn := range bases {
		if strings.Join(rdn, "\x00") != strings.Join(names[i], "\x00") {
			return false, nil
		}
	}
	return true, nil
}

// flatten writes a Name as type=value strings, folded so that string type, case
// and runs of white space do not matter: an excluded name must not slip through
// in another dress (RFC 5280 7.1).
func flatten(der []byte) ([][]string, error) {
	var rdns pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &rdns); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("a directory name is malformed")
	}
	flat := make([][]string, 0, len(rdns))
	for _, rdn := range rdns {
		var attributes []string
		for _, a := range rdn {
			value, ok := a.Value.(string)
			if !ok {
				return nil, fmt.Errorf("attribute %s of a directory name is no string", a.Type)
			}
			attributes = append(attributes, a.Type.String()+"="+strings.ToLower(strings.Join(strings.Fields(value), " ")))
		}
		sort.Strings(attributes)
		flat = append(flat, attributes)
	}
	return flat, nil
}

// hostWithin: a base allows itself and every host below it; a leading dot, used
// by some CAs, means only those below.
func hostWithin(host, base string) bool {
	host, base = strings.ToLower(host), strings.ToLower(base)
	if base == "" || host == base {
		return true
	}
	if !strings.HasPrefix(base, ".") {
		base = "." + base
	}
	return strings.HasSuffix(host, base)
}

// emailWithin: a base is a mailbox, a host (mailboxes on it), or a domain with a
// leading dot (mailboxes on hosts below it).
func emailWithin(address, base string) bool {
	at := strings.LastIndexByte(address, '@')
	switch {
	case at < 0:
		return false
	case strings.Contains(base, "@"):
		return strings.EqualFold(address[at:], base[strings.LastIndexByte(base, '@'):]) &&
			address[:at] == base[:strings.LastIndexByte(base, '@')]
	case strings.HasPrefix(base, "."):
		return strings.HasSuffix(strings.ToLower(address[at+1:]), strings.ToLower(base))
	}
	return strings.EqualFold(address[at+1:], base)
}

// ipWithin: a base is an address and a mask of the same length.
func ipWithin(ip, base []byte) (bool, error) {
	if len(base) != 8 && len(base) != 32 {
		return false, fmt.Errorf("constraint on addresses has %d bytes, want 8 or 32", len(base))
	}
	address, mask := base[:len(base)/2], base[len(base)/2:]
	if len(ip) != len(address) {
		return false, nil
	}
	for i := range ip {
		if ip[i]&mask[i] != address[i]&mask[i] {
			return false, nil
		}
	}
	return true, nil
}
