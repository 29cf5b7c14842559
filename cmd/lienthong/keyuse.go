package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"lienthong/client"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

func (a *app) keyActivateCommand() *cobra.Command {
	var pinFile string
	c := a.nodeFlags(&cobra.Command{
		Use:   "activate KEY",
		Short: "Open a key for a while with its PIN or password (mở khóa ký)",
		Long: `Open a key of the node for a while (half an hour, unless the node says otherwise)
with its PIN or password, which is asked for without showing it, or read from the
first line of a file. A wrong one is not tried again; three in a row suspend the key.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.keyActivate(c.Context(), in[0], pinFile) },
	})
	c.Flags().StringVar(&pinFile, "pin-file", "", "file that holds the PIN or password on its first line (default: ask on the terminal)")
	return c
}

func (a *app) keyActivate(ctx context.Context, key, pinFile string) error {
	secret, err := a.readSecret(pinFile, key)
	if err != nil {
		return err
	}
	defer clear(secret)
	return a.atNode(ctx, func(c *client.Client, agency string) error {
		answer, err := c.Signing.ActivateKey(ctx, &lienthongv1.ActivateKeyRequest{Agency: agency, Key: key, Secret: secret})
		if err != nil {
			return err
		}
		if a.json {
			return a.printProto(answer.GetKey())
		}
		a.printf("%s: %s\n", key, a.keyUse(answer.GetKey()))
		return nil
	})
}

// readSecret reads a PIN or password from a file, or from the terminal without showing
// it. It is never an argument: every user of a machine can read those of a process.
func (a *app) readSecret(file, key string) ([]byte, error) {
	if file != "" {
		return secretFile(file)()
	}
	in, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, fail(exitUsage, fmt.Errorf("no terminal to ask for the PIN of key %s on", key), "--pin-file FILE")
	}
	fmt.Fprintf(a.err, a.t("PIN or password of key %s: ", "Mã PIN hoặc mật khẩu của khóa %s: "), key)
	secret, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(a.err)
	if err == nil && len(secret) == 0 {
		err = errors.New("nothing was typed")
	}
	if err != nil {
		return nil, fail(exitUsage, err)
	}
	return secret, nil
}

// atNode does something at the node of the flags, for their agency.
func (a *app) atNode(ctx context.Context, do func(c *client.Client, agency string) error) error {
	c, profile, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	agency, err := profile.agency()
	if err != nil {
		return err
	}
	return do(c, agency)
}

func (a *app) keyDeactivateCommand() *cobra.Command {
	return a.nodeFlags(&cobra.Command{
		Use:   "deactivate KEY",
		Short: "Close a key before its time (đóng khóa ký)",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			return a.atNode(c.Context(), func(n *client.Client, agency string) error {
				_, err := n.Signing.DeactivateKey(c.Context(), &lienthongv1.DeactivateKeyRequest{Agency: agency, Key: in[0]})
				return a.said(err, in[0], a.t("closed", "đã đóng"))
			})
		},
	})
}

func (a *app) keySuspendCommand() *cobra.Command {
	var reason string
	c := a.nodeFlags(&cobra.Command{
		Use:   "suspend KEY|certificate:SHA256",
		Short: "Stop a key at once, until an administrator resumes it (tạm dừng khóa ký)",
		Long: `Stop a key at once: no signature, no preparation completed, no activation, also
after a restart of the node. Its users may, and administrators of the node. A key
that is elsewhere, such as on a card, is stopped by the SHA-256 of its certificate.`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			return a.atNode(c.Context(), func(n *client.Client, agency string) error {
				_, err := n.Signing.SuspendKey(c.Context(), &lienthongv1.SuspendKeyRequest{Agency: agency, Key: in[0], Reason: reason})
				return a.said(err, in[0], a.t("suspended", "đã tạm dừng"))
			})
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "why, for people")
	return c
}

func (a *app) keyResumeCommand() *cobra.Command {
	return a.nodeFlags(&cobra.Command{
		Use:   "resume KEY|certificate:SHA256",
		Short: "End a suspension (administrators; cho phép dùng lại khóa ký)",
		Args:  args(1, 1),
		RunE: func(c *cobra.Command, in []string) error {
			return a.atNode(c.Context(), func(n *client.Client, agency string) error {
				_, err := n.Signing.ResumeKey(c.Context(), &lienthongv1.ResumeKeyRequest{Agency: agency, Key: in[0]})
				return a.said(err, in[0], a.t("resumed", "được dùng lại"))
			})
		},
	})
}

// said confirms what was done.
func (a *app) said(err error, what, done string) error {
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"key": what, "done": true})
	}
	a.printf("%s: %s\n", what, done)
	return nil
}

// keyUse says whether a key can be used now.
func (a *app) keyUse(k *lienthongv1.SigningKey) string {
	switch k.GetUse() {
	case lienthongv1.KeyUse_KEY_USE_UNATTENDED:
		return a.t("unattended", "không cần người mở")
	case lienthongv1.KeyUse_KEY_USE_ACTIVE:
		return fmt.Sprintf(a.t("active until %s, by %s", "đang mở đến %s, do %s"), vnMicro(k.GetActiveUntil()), k.GetActiveBy())
	case lienthongv1.KeyUse_KEY_USE_INACTIVE:
		return a.t("inactive", "chưa mở")
	case lienthongv1.KeyUse_KEY_USE_SUSPENDED:
		return a.t("suspended: ", "tạm dừng: ") + k.GetReason()
	case lienthongv1.KeyUse_KEY_USE_UNAVAILABLE:
		return a.t("unavailable: ", "không dùng được: ") + k.GetReason()
	}
	return ""
}
