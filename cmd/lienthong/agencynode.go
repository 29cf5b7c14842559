package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"lienthong/envelope"
)

func (a *app) agencyNodeCommand() *cobra.Command {
	return group("node", "Nodes of a zone, as its authority (nút trong danh bạ)", a.agencyNodePutCommand(), a.agencyNodeEndCommand())
}

func (a *app) agencyNodePutCommand() *cobra.Command {
	var f authorFlags
	var node envelope.Node
	var certificates, ended, stolen []string
	c := &cobra.Command{
		Use:   "put NODE --certificate FILE --key URI",
		Short: "Add a node to a zone, or change what is named of one",
		Long: `Add a node to a zone, or change what is named of one that is there. A certificate is added to
those that the node has: both are good while the node goes over to the new one. Then the old
one is ended (--end-certificate): what it signed before stays good.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			node.ID = in[0]
			for _, file := range certificates {
				der, err := firstCertificate(file)
				if err != nil {
					return err
				}
				node.Certificates = append(node.Certificates, envelope.NodeCertificate{Certificate: der})
			}
			return a.change(c.Context(), f, func(_ *authoring, d *envelope.Directory) error {
				if err := putNode(d, node, a.now().UnixMicro()); err != nil {
					return err
				}
				if err := endCertificates(d, node.ID, ended, func(c *envelope.NodeCertificate) { c.NotAfter = a.now().UnixMicro() }); err != nil {
					return err
				}
				return endCertificates(d, node.ID, stolen, func(c *envelope.NodeCertificate) { c.Compromised = a.now().UnixMicro() })
			})
		},
	}
	c.Flags().StringVar(&node.Name, "name", "", "name; default: as it is")
	c.Flags().StringVar(&node.Parent, "parent", "", "id of the node above it; default: as it is")
	c.Flags().StringArrayVar(&node.Addresses, "address", nil, "host:port, tried in this order, instead of those that it has; repeatable")
	c.Flags().StringArrayVar(&node.Dials, "dials", nil, "id of a node beyond parent and children that it dials; repeatable")
	c.Flags().StringArrayVar(&certificates, "certificate", nil, "certificate (PEM or DER) of the node, ECDSA P-256; repeatable")
	c.Flags().StringArrayVar(&ended, "end-certificate", nil, "certificate of the node that ends now, in order; repeatable")
	c.Flags().StringArrayVar(&stolen, "compromised-certificate", nil, "certificate of the node whose key is in other hands: nothing counts that others first see from now on; repeatable")
	return a.authorFlags(c, &f)
}

// endCertificates marks certificates of a node, which stay in the directory.
func endCertificates(d *envelope.Directory, id string, files []string, mark func(*envelope.NodeCertificate)) error {
	at := nodeIndex(d, id)
	for _, file := range files {
		der, err := firstCertificate(file)
		if err != nil {
			return err
		}
		list := slices.Clone(d.Nodes[at].Certificates)
		i := slices.IndexFunc(list, func(c envelope.NodeCertificate) bool { return bytes.Equal(c.Certificate, der) })
		if i < 0 || list[i].NotAfter != 0 || list[i].Compromised != 0 {
			return fail(exitUsage, fmt.Errorf("%s: the directory binds no such certificate to node %q, or it has ended", file, id), "lienthong agency zones, and the certificate that it named")
		}
		mark(&list[i])
		d.Nodes[at].Certificates = list
	}
	return nil
}

// putNode adds a node, or sets what is given of one that is there.
func putNode(d *envelope.Directory, put envelope.Node, now int64) error {
	if put.Parent != "" {
		if at := nodeIndex(d, put.Parent); put.Parent == put.ID || at >= 0 && d.Nodes[at].Ended != 0 {
			return failf(exitUsage, "--parent %q: want another node that has not ended", put.Parent)
		}
	}
	at := nodeIndex(d, put.ID)
	if at < 0 {
		if len(put.Certificates) == 0 {
			return fail(exitUsage, fmt.Errorf("node %q is new and has no certificate", put.ID), "--certificate FILE")
		}
		d.Nodes = append(d.Nodes, envelope.Node{ID: put.ID})
		at = len(d.Nodes) - 1
	}
	node := &d.Nodes[at]
	if node.Ended != 0 {
		return failf(exitUsage, "node %q has ended: a node that comes anew has a new id", put.ID)
	}
	for _, set := range []struct{ to, from *string }{{&node.Name, &put.Name}, {&node.Parent, &put.Parent}} {
		if *set.from != "" {
			*set.to = *set.from
		}
	}
	if len(put.Addresses) > 0 {
		node.Addresses = put.Addresses
	}
	if len(put.Dials) > 0 {
		node.Dials = put.Dials
	}
	for _, c := range put.Certificates {
		if err := addNodeCertificate(node, c, now); err != nil {
			return err
		}
	}
	return nil
}

func addNodeCertificate(node *envelope.Node, c envelope.NodeCertificate, now int64) error {
	if slices.ContainsFunc(node.Certificates, func(have envelope.NodeCertificate) bool { return bytes.Equal(have.Certificate, c.Certificate) }) {
		return nil
	}
	cert, err := x509.ParseCertificate(c.Certificate)
	if err != nil {
		return fail(exitUsage, err)
	}
	if key, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		return failf(exitUsage, "node %q: its certificate has a key of type %T, want ECDSA P-256", node.ID, cert.PublicKey)
	}
	if cert.NotAfter.UnixMicro() <= now {
		return failf(exitUsage, "node %q: its certificate ended at %s", node.ID, vnMicro(cert.NotAfter.UnixMicro()))
	}
	node.Certificates = append(slices.Clone(node.Certificates), c)
	return nil
}

func nodeIndex(d *envelope.Directory, id string) int {
	return slices.IndexFunc(d.Nodes, func(n envelope.Node) bool { return n.ID == id })
}

func (a *app) agencyNodeEndCommand() *cobra.Command {
	var f authorFlags
	c := &cobra.Command{
		Use:   "end NODE --key URI",
		Short: "End a node: its certificates open nothing any more, and it has no links",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			return a.change(c.Context(), f, func(w *authoring, d *envelope.Directory) error { return endNode(w, d, in[0], a.now().UnixMicro()) })
		},
	}
	return a.authorFlags(c, &f)
}

// endNode ends a node on which nothing stands any more: no agency, and no node below it.
func endNode(w *authoring, d *envelope.Directory, id string, now int64) error {
	at := nodeIndex(d, id)
	if at < 0 || d.Nodes[at].Ended != 0 {
		return fail(exitUsage, fmt.Errorf("there is no node %q in zone %q, or it has ended", id, w.zone))
	}
	for _, agency := range w.dir.Agencies {
		if agency.HomeNode == id && (agency.Ended == 0 || agency.Ended > now) {
			return fail(exitNo, fmt.Errorf("agency %q is at home at node %q", agency.ID, id), "lienthong agency move "+agency.ID+" --to NODE, or agency close, first")
		}
	}
	for _, n := range w.dir.Nodes {
		if n.Parent == id && n.Ended == 0 {
			return fail(exitNo, fmt.Errorf("node %q is below node %q", n.ID, id), "lienthong agency node put "+n.ID+" --parent NODE, first")
		}
	}
	d.Nodes[at].Ended = now
	return nil
}
