package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"lienthong/certs"
	"lienthong/certs/keys"
	"lienthong/envelope"
)

// A directoryFile is a directory as people write it. It is sealed into the signed
// form that nodes take.
type directoryFile struct {
	Zone     string          `yaml:"zone"`
	Epoch    uint64          `yaml:"epoch"`
	Nodes    []directoryNode `yaml:"nodes"`
	Agencies []directoryBody `yaml:"agencies"`
}

type directoryNode struct {
	ID           string   `yaml:"id"`
	Name         string   `yaml:"name"`
	Parent       string   `yaml:"parent"`
	Addresses    []string `yaml:"addresses"`
	Certificates []string `yaml:"certificates"` // PEM or DER files
	Dials        []string `yaml:"dials"`
}

type directoryBody struct {
	ID           string                 `yaml:"id"`
	Codes        []string               `yaml:"codes"`
	Name         string                 `yaml:"name"`
	Parent       string                 `yaml:"parent"`
	HomeNode     string                 `yaml:"home_node"`
	Certificates []directoryCertificate `yaml:"certificates"`
}

type directoryCertificate struct {
	File   string `yaml:"file"`
	Role   string `yaml:"role"` // personal or agency
	Holder string `yaml:"holder"`
}

func (a *app) agencySealCommand() *cobra.Command {
	var key, passwordFile, output string
	c := &cobra.Command{
		Use:   "seal DIRECTORY.yaml --key URI -o OUT",
		Short: "Sign a directory that is written in YAML, as its authority",
		Example: `  zone: thai-nguyen
  epoch: 1
  nodes:
    - {id: province, name: Tỉnh Thái Nguyên, addresses: ["province.example.vn:7443"], certificates: [province.pem]}
  agencies:
    - {id: a-province, codes: [H55], name: UBND tỉnh Thái Nguyên, home_node: province,
       certificates: [{file: seal.pem, role: agency, holder: UBND tỉnh Thái Nguyên}]}`,
		Args: args(1, 1),
		RunE: func(_ *cobra.Command, in []string) error {
			if key == "" || output == "" {
				return fail(exitUsage, errors.New("no key or no output"), "--key pem:FILE -o OUT")
			}
			return a.agencySeal(in[0], key, passwordFile, output)
		},
	}
	c.Flags().StringVar(&key, "key", "", "key of the authority, ECDSA P-256: pem:FILE, pkcs12:FILE or pkcs11:URI")
	c.Flags().StringVar(&passwordFile, "password-file", "", "file that holds the key's password on its first line")
	c.Flags().StringVarP(&output, "output", "o", "", "file to write")
	return c
}

func (a *app) agencySeal(path, keyURI, passwordFile, output string) error {
	var file directoryFile
	if err := readSealable(path, &file); err != nil {
		return err
	}
	d, err := file.directory(filepath.Dir(path), a.now().UnixMicro())
	if err != nil {
		return err
	}
	err = writeSealed(path, output, keyURI, passwordFile, func(by envelope.Signer) (envelope.Sealed, error) { return envelope.SealDirectory(&d, by) })
	if err == nil {
		a.printf(a.t("%s: zone %q, epoch %d, %d agencies, %d nodes\n", "%s: vùng %q, phiên bản %d, %d cơ quan, %d nút\n"),
			output, d.Zone, d.Epoch, len(d.Agencies), len(d.Nodes))
	}
	return err
}

// readSealable reads what is to be signed, as YAML; keys that are not known are errors.
func readSealable(path string, into any) error {
	data, err := readLimited(path, 64<<20)
	if err != nil {
		return err
	}
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return yamlError(path, err)
	}
	return nil
}

// writeSealed has a key sign what was read from a file, and writes it to another.
func writeSealed(path, output, keyURI, passwordFile string, seal func(envelope.Signer) (envelope.Sealed, error)) error {
	key, err := keys.Open(keyURI, secretFile(passwordFile))
	if err != nil {
		return fail(exitUsage, err)
	}
	sealed, err := seal(envelope.Signer{Key: key, Certificate: key.Certificate()})
	if err != nil {
		return fail(exitUsage, err)
	}
	return writeOutput(output, path, func(out *os.File) error {
		_, err := out.Write(sealed.Marshal())
		return err
	})
}

// directory reads the certificates that the file names, relative to its folder.
func (f *directoryFile) directory(base string, issued int64) (envelope.Directory, error) {
	d := envelope.Directory{Zone: f.Zone, Epoch: f.Epoch, Issued: issued}
	for _, n := range f.Nodes {
		node := envelope.Node{ID: n.ID, Name: n.Name, Parent: n.Parent, Addresses: n.Addresses, Dials: n.Dials}
		for _, file := range n.Certificates {
			der, err := firstCertificate(under(base, file))
			if err != nil {
				return d, err
			}
			node.Certificates = append(node.Certificates, envelope.NodeCertificate{Certificate: der})
		}
		d.Nodes = append(d.Nodes, node)
	}
	for _, b := range f.Agencies {
		agency := envelope.Agency{ID: b.ID, Name: b.Name, Parent: b.Parent, HomeNode: b.HomeNode}
		for _, code := range b.Codes {
			agency.Codes = append(agency.Codes, envelope.AgencyCode{Code: code})
		}
		for _, c := range b.Certificates {
			der, err := firstCertificate(under(base, c.File))
			if err != nil {
				return d, err
			}
			role, ok := map[string]envelope.CertificateRole{"personal": envelope.RolePersonal, "agency": envelope.RoleAgency}[c.Role]
			if !ok {
				return d, failf(exitUsage, "agency %q: certificate %s: role %q, want personal or agency", b.ID, c.File, c.Role)
			}
			agency.Certificates = append(agency.Certificates, envelope.AgencyCertificate{Certificate: der, Role: role, Holder: c.Holder})
		}
		d.Agencies = append(d.Agencies, agency)
	}
	return d, nil
}

// firstCertificate reads the certificate of a file; the chain that may follow is
// not the directory's business.
func firstCertificate(path string) ([]byte, error) {
	list, err := certs.LoadCertificates(path)
	if err != nil {
		return nil, fail(exitUsage, err)
	}
	if len(list) == 0 {
		return nil, fail(exitUsage, fmt.Errorf("%s: no certificate", path))
	}
	return list[0].Raw, nil
}
