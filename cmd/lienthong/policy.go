package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"lienthong/certs"
	"lienthong/signer"
)

// policySchema is the JSON Schema of a policy file, for editors and programs.
//
//go:embed policy.schema.json
var policySchema []byte

// A policyFile is a policy of validation as people write it. What it leaves out is
// as in the built-in policy that it begins with; a list that it gives replaces the
// whole list.
type policyFile struct {
	ID                 string         `yaml:"id"`
	Base               string         `yaml:"base"`
	Trust              *bool          `yaml:"trust"`
	Purposes           []string       `yaml:"purposes"`
	Algorithms         algorithmsFile `yaml:"algorithms"`
	Revocation         string         `yaml:"revocation"`
	FreshAfterSigning  *bool          `yaml:"fresh_after_signing"`
	MaxAgeHours        *int           `yaml:"max_age_hours"`
	SigningCertificate *bool          `yaml:"signing_certificate"`
	StrictEncoding     *bool          `yaml:"strict_encoding"`
	KeyUsages          []string       `yaml:"key_usages"`
	ExtendedKeyUsages  []string       `yaml:"extended_key_usages"`
	SignaturePolicies  []string       `yaml:"signature_policies"`
	DynamicContent     string         `yaml:"dynamic_content"`
	Repair             string         `yaml:"repair"`
}

type algorithmsFile struct {
	Hashes  []algorithmFile `yaml:"hashes"`
	Schemes []algorithmFile `yaml:"schemes"`
	Keys    []keyRuleFile   `yaml:"keys"`
}

type algorithmFile struct {
	Name  string   `yaml:"name"`
	Until lastDate `yaml:"until"`
}

type keyRuleFile struct {
	Kind    string   `yaml:"kind"`
	MinBits int      `yaml:"min_bits"`
	Until   lastDate `yaml:"until"`
}

// A lastDate is a time as RFC 3339 has it, or a day (2030-12-31), which counts to
// its end in Vietnam.
type lastDate struct{ time.Time }

// UnmarshalYAML implements yaml.BytesUnmarshaler.
func (d *lastDate) UnmarshalYAML(data []byte) error {
	text := string(bytes.Trim(bytes.TrimSpace(data), `"'`))
	var err error
	if d.Time, err = time.Parse(time.RFC3339, text); err == nil {
		d.Time = d.UTC()
		return nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, time.FixedZone("+07:00", 7*60*60))
	if err != nil {
		return fmt.Errorf("date %.40q: want 2030-12-31 or 2030-12-31T23:59:59+07:00", text)
	}
	d.Time = day.AddDate(0, 0, 1).Add(-time.Second).UTC()
	return nil
}

// loadPolicy returns a built-in policy by its name, or reads one from a file.
func loadPolicy(name string) (*signer.Policy, error) {
	if name == "" || slices.Contains(signer.BuiltinPolicies, name) {
		return signer.BuiltinPolicy(name)
	}
	data, err := readLimited(name, 1<<20)
	if err != nil {
		return nil, fail(exitUsage, err, fmt.Sprintf("--policy takes %v, or a YAML file", signer.BuiltinPolicies))
	}
	p, err := readPolicy(name, data)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func readPolicy(path string, data []byte) (*signer.Policy, error) {
	var f policyFile
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		var e yaml.Error
		if !errors.As(err, &e) || e.GetToken() == nil {
			return nil, failf(exitUsage, "%s: %v", path, err)
		}
		at := e.GetToken().Position
		return nil, fail(exitUsage, fmt.Errorf("%s:%d:%d: %s", path, at.Line, at.Column, e.GetMessage()),
			"the keys of a policy: lienthong validate --policy-schema")
	}
	p, err := f.policy()
	if err == nil {
		err = p.Check()
	}
	if err != nil {
		return nil, failf(exitUsage, "%s: %v", path, err)
	}
	return p, nil
}

// purposeNames are those of anchors that may vouch for signers.
var purposeNames = map[string]certs.Purpose{"official": certs.OfficialSigning, "public": certs.PublicSigning}

func (f *policyFile) policy() (*signer.Policy, error) {
	p, err := signer.BuiltinPolicy(f.Base)
	if err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	p.ID = f.ID
	set(&p.Trust, f.Trust)
	set(&p.FreshAfterSigning, f.FreshAfterSigning)
	set(&p.MaxAgeHours, f.MaxAgeHours)
	set(&p.SigningCertificate, f.SigningCertificate)
	set(&p.StrictEncoding, f.StrictEncoding)
	if f.Revocation != "" {
		p.Revocation = signer.RevocationRule(f.Revocation)
	}
	if f.DynamicContent != "" {
		p.DynamicContent = signer.ContentRule(f.DynamicContent)
	}
	if f.Repair != "" {
		p.Repair = signer.RepairRule(f.Repair)
	}
	if f.Purposes != nil {
		p.Purposes = nil
	}
	for _, name := range f.Purposes {
		purpose, ok := purposeNames[name]
		if !ok {
			return nil, fmt.Errorf("purposes: %q: want official or public", name)
		}
		p.Purposes = append(p.Purposes, purpose)
	}
	if f.KeyUsages != nil {
		p.KeyUsages = f.KeyUsages
	}
	if f.ExtendedKeyUsages != nil {
		p.ExtendedKeyUsages = f.ExtendedKeyUsages
	}
	if f.SignaturePolicies != nil {
		p.SignaturePolicies = f.SignaturePolicies
	}
	f.Algorithms.apply(&p.Algorithms)
	return p, nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (f *algorithmsFile) apply(a *certs.Algorithms) {
	if f.Hashes != nil {
		a.Hashes = nil
	}
	for _, h := range f.Hashes {
		a.Hashes = append(a.Hashes, certs.HashRule{Name: h.Name, Until: h.Until.Time})
	}
	if f.Schemes != nil {
		a.Schemes = nil
	}
	for _, s := range f.Schemes {
		a.Schemes = append(a.Schemes, certs.SchemeRule{Scheme: certs.Scheme(s.Name), Until: s.Until.Time})
	}
	if f.Keys != nil {
		a.Keys = nil
	}
	for _, k := range f.Keys {
		a.Keys = append(a.Keys, certs.KeyRule{Kind: k.Kind, MinBits: k.MinBits, Until: k.Until.Time})
	}
}
