//go:build cgo

package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/miekg/pkcs11"

	"lienthong/certs"
)

func init() {
	scriptCommands["softhsm-put"] = func() {
		if err := softhsmPut(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	softhsmModule = findSoftHSM
}

// findSoftHSM is the library of SoftHSM, or why it cannot be used.
func findSoftHSM() (string, error) {
	for _, path := range []string{os.Getenv("LIENTHONG_SOFTHSM"), "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so",
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
		"/opt/homebrew/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"} {
		if _, err := os.Stat(path); err != nil || path == "" {
			continue
		}
		if _, err := exec.LookPath("softhsm2-util"); err == nil {
			return path, nil
		}
	}
	return "", errors.New("SoftHSM is not here: apt-get install softhsm2, or brew install softhsm")
}

// softhsmPut MODULE TOKEN LABEL ID PIN CERTIFICATE puts a certificate on a token, which
// softhsm2-util cannot. It is a process of its own: SoftHSM reads its configuration
// from the environment.
func softhsmPut(args []string) error {
	if len(args) != 6 {
		return errors.New("want MODULE TOKEN LABEL ID PIN CERTIFICATE")
	}
	list, err := certs.LoadCertificates(args[5])
	if err != nil {
		return err
	}
	id, err := hex.DecodeString(args[3])
	if err != nil {
		return err
	}
	ctx := pkcs11.New(args[0])
	if ctx == nil {
		return fmt.Errorf("%s cannot be loaded", args[0])
	}
	defer ctx.Destroy()
	if err := ctx.Initialize(); err != nil {
		return err
	}
	defer ctx.Finalize()
	slots, err := ctx.GetSlotList(true)
	if err != nil {
		return err
	}
	for _, slot := range slots {
		if info, err := ctx.GetTokenInfo(slot); err != nil || strings.TrimRight(info.Label, " \x00") != args[1] {
			continue
		}
		s, err := ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
		if err != nil {
			return err
		}
		if err := ctx.Login(s, pkcs11.CKU_USER, args[4]); err != nil {
			return err
		}
		_, err = ctx.CreateObject(s, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE),
			pkcs11.NewAttribute(pkcs11.CKA_CERTIFICATE_TYPE, pkcs11.CKC_X_509), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
			pkcs11.NewAttribute(pkcs11.CKA_LABEL, args[2]), pkcs11.NewAttribute(pkcs11.CKA_ID, id),
			pkcs11.NewAttribute(pkcs11.CKA_SUBJECT, list[0].RawSubject), pkcs11.NewAttribute(pkcs11.CKA_VALUE, list[0].Raw)})
		return err
	}
	return fmt.Errorf("no token %q", args[1])
}
