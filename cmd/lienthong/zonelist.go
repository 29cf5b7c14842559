package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"lienthong/envelope"
	"lienthong/exchange"
)

// A zonesFile is a list of zones as people write it. It is sealed into the signed form that
// nodes take.
type zonesFile struct {
	Epoch uint64      `yaml:"epoch"`
	Zones []zonesItem `yaml:"zones"`
}

type zonesItem struct {
	ID          string           `yaml:"id"`
	Root        string           `yaml:"root"`
	Parent      string           `yaml:"parent"`
	Authorities []zonesAuthority `yaml:"authorities"`
	Ended       string           `yaml:"ended"` // RFC 3339, as all times here
}

type zonesAuthority struct {
	File        string `yaml:"file"` // PEM or DER
	NotBefore   string `yaml:"not_before"`
	NotAfter    string `yaml:"not_after"`
	Compromised string `yaml:"compromised"`
}

func (a *app) zonesSealCommand() *cobra.Command {
	var key, passwordFile, output string
	c := &cobra.Command{
		Use:   "seal ZONES.yaml --key URI -o OUT",
		Short: "Sign a list of zones that is written in YAML, as the top of the network",
		Long: `Sign a list of zones. Nodes take it by the certificates that directory.authority names, and
by nothing else; agency import gives it to them. Its epoch must be higher than that of the
list before, no zone may be left out (one that ends gets ended:), and each zone hangs under
the one that its parent names.`,
		Example: `  epoch: 2
  zones:
    - {id: thai-nguyen, root: province, authorities: [{file: thai-nguyen.pem}]}
    - id: pho-yen
      root: district
      parent: thai-nguyen
      authorities:
        - {file: pho-yen-old.pem, not_after: "2027-01-01T00:00:00+07:00"}
        - {file: pho-yen.pem}`,
		Args: args(1, 1),
		RunE: func(_ *cobra.Command, in []string) error {
			if key == "" || output == "" {
				return fail(exitUsage, errors.New("no key or no output"), "--key pem:FILE -o OUT")
			}
			return a.zonesSeal(in[0], key, passwordFile, output)
		},
	}
	c.Flags().StringVar(&key, "key", "", "key of the top, ECDSA P-256: pem:FILE, pkcs12:FILE or pkcs11:URI")
	c.Flags().StringVar(&passwordFile, "password-file", "", "file that holds the key's password on its first line")
	c.Flags().StringVarP(&output, "output", "o", "", "file to write")
	return c
}

func (a *app) zonesSeal(path, keyURI, passwordFile, output string) error {
	var file zonesFile
	if err := readSealable(path, &file); err != nil {
		return err
	}
	list, err := file.list(filepath.Dir(path), a.now().UnixMicro())
	if err != nil {
		return err
	}
	err = writeSealed(path, output, keyURI, passwordFile, func(by envelope.Signer) (envelope.Sealed, error) { return envelope.SealZones(&list, by) })
	if err == nil {
		a.printf(a.t("%s: list of %d zones, epoch %d\n", "%s: danh sách %d vùng, phiên bản %d\n"), output, len(list.Zones), list.Epoch)
	}
	return err
}

// list reads the certificates that the file names, relative to its folder.
func (f *zonesFile) list(base string, issued int64) (envelope.ZoneList, error) {
	l := envelope.ZoneList{Epoch: f.Epoch, Issued: issued}
	for _, item := range f.Zones {
		z := envelope.Zone{ID: item.ID, Root: item.Root, Parent: item.Parent}
		if err := zoneTime(&z.Ended, item.Ended, item.ID, "ended"); err != nil {
			return l, err
		}
		for _, from := range item.Authorities {
			der, err := firstCertificate(under(base, from.File))
			if err != nil {
				return l, err
			}
			to := envelope.ZoneAuthority{Certificate: der}
			err = errors.Join(zoneTime(&to.NotBefore, from.NotBefore, item.ID, "not_before"), zoneTime(&to.NotAfter, from.NotAfter, item.ID, "not_after"),
				zoneTime(&to.Compromised, from.Compromised, item.ID, "compromised"))
			if err != nil {
				return l, err
			}
			z.Authorities = append(z.Authorities, to)
		}
		l.Zones = append(l.Zones, z)
	}
	return l, nil
}

func zoneTime(to *int64, text, zone, what string) error {
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return failf(exitUsage, "zone %q: %s %q: want a time such as 2027-01-01T00:00:00+07:00", zone, what, text)
	}
	*to = t.UnixMicro()
	return nil
}

func readZones(path string) (envelope.Sealed, envelope.ZoneList, error) {
	data, err := readLimited(path, envelope.MaxDirectory)
	if err != nil {
		return envelope.Sealed{}, envelope.ZoneList{}, err
	}
	sealed, err := envelope.ParseSealed(data)
	if err != nil {
		return sealed, envelope.ZoneList{}, fail(exitUsage, fmt.Errorf("%s: %w", path, err), "a list of zones is made by: lienthong agency zones seal")
	}
	list, err := envelope.ParseZones(sealed)
	if err != nil {
		return sealed, list, fail(exitUsage, fmt.Errorf("%s: %w", path, err), "a list of zones is made by: lienthong agency zones seal")
	}
	return sealed, list, nil
}

func (a *app) zonesShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE",
		Short: "Show a signed list of zones; who signed it is said by zones check",
		Args:  args(1, 1),
		RunE: func(_ *cobra.Command, in []string) error {
			sealed, list, err := readZones(in[0])
			if err == nil {
				a.printZoneList(sealed, &list)
			}
			return err
		},
	}
}

func (a *app) printZoneList(sealed envelope.Sealed, list *envelope.ZoneList) {
	a.printf(a.t("list of %d zones, epoch %d, signed %s, digest %s\n", "danh sách %d vùng, phiên bản %d, ký %s, mã băm %s\n"),
		len(list.Zones), list.Epoch, vnMicro(list.Issued), sealed.Digest())
	for _, z := range list.Zones {
		a.printf(a.t("%s: root node %s, under %s", "%s: nút gốc %s, thuộc %s"), z.ID, z.Root, orDash(z.Parent))
		if z.Ended != 0 {
			a.printf(a.t(", ended %s", ", kết thúc %s"), vnMicro(z.Ended))
		}
		a.printf("\n")
		for _, by := range z.Authorities {
			sum := sha256.Sum256(by.Certificate)
			a.printf(a.t("    signed by the holder of certificate %s", "    do chủ chứng thư %s ký"), hex.EncodeToString(sum[:]))
			for _, t := range []struct {
				en, vi string
				at     int64
			}{{"from", "từ", by.NotBefore}, {"until", "đến", by.NotAfter}, {"COMPROMISED since", "BỊ LỘ từ", by.Compromised}} {
				if t.at != 0 {
					a.printf(", %s %s", a.t(t.en, t.vi), vnMicro(t.at))
				}
			}
			a.printf("\n")
		}
	}
}

func (a *app) zonesCheckCommand() *cobra.Command {
	var authority []string
	var directory string
	c := &cobra.Command{
		Use:   "check FILE --authority CERT",
		Short: "Check who signed a list of zones, and whether nodes would take it (exit 1: no)",
		Args:  args(1, 1),
		RunE: func(_ *cobra.Command, in []string) error {
			sealed, list, err := readZones(in[0])
			if err != nil {
				return err
			}
			if err := a.zonesCheck(sealed, authority, directory); err != nil {
				return err
			}
			a.printZoneList(sealed, &list)
			return nil
		},
	}
	c.Flags().StringArrayVar(&authority, "authority", nil, "certificate of the top, as directory.authority names it; repeatable")
	c.Flags().StringVar(&directory, "directory", "", "file of the directory as it is now (agency export): the list must lead on from it")
	_ = c.MarkFlagRequired("authority") // fails for flags that are not there
	return c
}

// zonesCheck takes the list as a node would, by the same rule.
func (a *app) zonesCheck(sealed envelope.Sealed, authority []string, directory string) error {
	top, err := loadAll(authority)
	if err != nil {
		return err
	}
	if directory == "" {
		if _, err := exchange.OpenDirectory([]envelope.Sealed{sealed}, top); err != nil {
			return fail(exitNo, err)
		}
		return nil
	}
	files, err := readDirectoryFiles(directory)
	if err != nil {
		return err
	}
	now, err := exchange.OpenDirectory(files, top)
	if err != nil {
		return fail(exitUsage, fmt.Errorf("%s: %w", directory, err), "--authority names who signs it")
	}
	if _, err := now.With(sealed, top); err != nil {
		return fail(exitNo, err)
	}
	return nil
}
