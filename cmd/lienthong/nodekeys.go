package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"lienthong/certs/keys"
	"lienthong/exchange"
	"lienthong/signer"
)

// errAsks says that a key wants a secret which is in no file.
var errAsks = errors.New("its secret is in no file")

// openKeys opens the signing keys of the configuration. One whose password or PIN is in
// a file is open from the start, and marked as used without a person present. One
// whose secret is nowhere waits for a person who activates it.
func openKeys(cfg *config, dir *exchange.Directory, now time.Time, signing *signer.Service, log *slog.Logger) error {
	for _, k := range cfg.Keys {
		agency, ok := dir.Agency(k.Agency)
		if !ok {
			return failf(exitUsage, "%s: key %q: agency %q is not in the directory", cfg.path, k.ID, k.Agency)
		}
		entry := signer.KeyEntry{ID: k.ID, Agency: agency.ID, AgencyCode: exchange.CodeAt(agency, now), Role: signer.RoleAgency,
			Holder: k.Holder, Principals: k.Principals}
		if k.Role == "personal" {
			entry.Role = signer.RolePersonal
		}
		broken, err := k.open(&entry)
		if err != nil {
			return fail(exitUsage, fmt.Errorf("%s: key %q: %w", cfg.path, k.ID, err))
		}
		if broken != nil {
			// Letters are carried although a token is not plugged in.
			log.Error("key", "key", k.ID, "error", broken)
			signing.Broken(k.ID, broken)
		}
		if entry.Holder == "" {
			entry.Holder = k.ID
			if entry.Key != nil {
				entry.Holder = entry.Key.Certificate().Subject.CommonName
			}
		}
		signing.Keys = append(signing.Keys, entry)
	}
	return nil
}

// open fills in how a key is opened. broken is why it is not open now, where it may be later.
func (k keyConfig) open(entry *signer.KeyEntry) (broken, err error) {
	asks := false
	secret := secretFile(k.PasswordFile)
	if k.PasswordFile == "" {
		secret = func() ([]byte, error) {
			asks = true
			return nil, errAsks
		}
	}
	entry.Key, err = keys.Open(k.URI, secret)
	token := strings.HasPrefix(k.URI, "pkcs11:")
	missing := token && errors.Is(err, keys.ErrNoToken)
	switch {
	case asks, missing && k.PasswordFile == "" && !strings.Contains(k.URI, "pin-source="):
		entry.Open = func(secret []byte) (keys.Key, error) {
			return keys.Open(k.URI, func() ([]byte, error) { return secret, nil })
		}
		return nil, nil
	case err != nil && !missing:
		return nil, err
	}
	entry.Unattended = true
	if token {
		entry.Reopen = func() (keys.Key, error) { return keys.Open(k.URI, secretFile(k.PasswordFile)) }
	}
	return err, nil
}
