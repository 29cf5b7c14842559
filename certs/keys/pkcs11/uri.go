package pkcs11

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lienthong/certs/keys"
)

// A uri is a pkcs11 URI, read. Empty fields match anything.
type uri struct {
	path                               string // as it was written, without the query: holds no secret
	token, serial, manufacturer, model string
	object                             string
	id                                 []byte
	slot                               int // -1: any
	module                             string
	pinFile                            string
}

func (u uri) String() string { return "pkcs11:" + u.path }

// parseURI reads what follows "pkcs11:". What this program cannot honour is
// refused, since a part that is passed over could name another key.
func parseURI(rest string) (uri, error) {
	path, query, _ := strings.Cut(rest, "?")
	u := uri{path: path, slot: -1}
	fail := func(format string, args ...any) (uri, error) {
		return uri{}, fmt.Errorf("keys: %q: %s", u, fmt.Sprintf(format, args...))
	}
	attributes, err := split(path, ";")
	if err != nil {
		return fail("%v", err)
	}
	for name, value := range attributes {
		switch name {
		case "token":
			u.token = value
		case "serial":
			u.serial = value
		case "manufacturer":
			u.manufacturer = value
		case "model":
			u.model = value
		case "object":
			u.object = value
		case "id":
			u.id = []byte(value)
		case "slot-id":
			if u.slot, err = strconv.Atoi(value); err != nil || u.slot < 0 {
				return fail("slot-id %q: want a number", value)
			}
		case "type":
			// Tools print the URI of the certificate too; it has the key's id.
			if !slices.Contains([]string{"private", "cert"}, value) {
				return fail("type=%s: want a private key", value)
			}
		default:
			return fail("attribute %q is not supported, want token, serial, manufacturer, model, slot-id, object, id or type", name)
		}
	}
	if attributes, err = split(query, "&"); err != nil {
		return fail("query: %v", err)
	}
	for name, value := range attributes {
		switch name {
		case "module-path":
			u.module = value
		case "pin-source":
			if u.pinFile, err = sourceFile(value); err != nil {
				return fail("%v", err)
			}
		case "pin-value":
			return fail("pin-value is refused: arguments are seen by others on the machine. Put the PIN into a file, and name that by pin-source or --password-file")
		default:
			return fail("query attribute %q is not supported, want module-path or pin-source", name)
		}
	}
	return u, nil
}

// split reads attributes, each of which may stand there once (RFC 7512 2.3). Its
// errors quote names and no values.
func split(text, separator string) (map[string]string, error) {
	found := make(map[string]string)
	if text == "" {
		return found, nil
	}
	for part := range strings.SplitSeq(text, separator) {
		name, value, ok := strings.Cut(part, "=")
		if !ok || name == "" {
			return nil, errors.New("want NAME=VALUE in each part")
		}
		if _, twice := found[name]; twice {
			return nil, fmt.Errorf("attribute %q stands there twice", name)
		}
		// A plus sign is itself here, and not a space.
		value, err := url.PathUnescape(value)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: bad percent-encoding", name)
		}
		found[name] = value
	}
	return found, nil
}

// sourceFile returns the file that a pin-source names: a path, or a file URI. A
// program ("|…") is not run.
func sourceFile(source string) (string, error) {
	path, isURI := strings.CutPrefix(source, "file:")
	if isURI {
		path = strings.TrimPrefix(strings.TrimPrefix(path, "//localhost"), "//")
	}
	if path == "" || strings.HasPrefix(path, "|") {
		return "", fmt.Errorf("pin-source %q: want a file, as /path or file:/path", source)
	}
	return filepath.FromSlash(path), nil
}

// maxPIN bounds what is read as a PIN.
const maxPIN = 256

// pin returns the PIN from the URI's file, else from the secret; nil if there is
// neither. The end of the line does not count.
func (u uri) pin(secret keys.Secret) ([]byte, error) {
	if u.pinFile != "" {
		info, err := os.Stat(u.pinFile)
		if err != nil {
			return nil, fmt.Errorf("keys: %q: pin-source: %w", u, err)
		}
		if info.Size() > maxPIN {
			return nil, fmt.Errorf("keys: %q: pin-source %q has %d bytes: want a PIN of at most %d", u, u.pinFile, info.Size(), maxPIN)
		}
		pin, err := os.ReadFile(u.pinFile)
		if err != nil {
			return nil, fmt.Errorf("keys: %q: pin-source: %w", u, err)
		}
		return trimEOL(pin), nil
	}
	if secret == nil {
		return nil, nil
	}
	pin, err := secret()
	if err != nil {
		return nil, fmt.Errorf("keys: %q: PIN: %w", u, err)
	}
	return trimEOL(pin), nil
}

func trimEOL(pin []byte) []byte { return []byte(strings.TrimRight(string(pin), "\r\n")) }
