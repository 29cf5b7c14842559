package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

type tokenFlags struct {
	user, expires, output string
	grants, methods       []string
}

func (a *app) tokenCommand() *cobra.Command {
	var f tokenFlags
	create := a.nodeAddressFlags(&cobra.Command{
		Use:   "create LABEL --user ID --grant ROLE:AGENCY --expires DURATION -o FILE",
		Short: "Make an API token of a user, and write its secret to a file",
		Long: `Make an API token, by which a program is known as a user without a client certificate.
It gives the roles that are named, as far as its user has them, and may be held to some
methods. Its secret is written to a new file that only you can read, and is nowhere else:
the node keeps a digest. Programs send it as "authorization: Bearer SECRET", over TLS.`,
		Example: `  lienthong token create "QLVB phường" --user qlvb --grant clerk:H55.13.05 --expires 90d -o qlvb.token
  lienthong token create thong-ke --user bao-cao --grant reader:H55 --method 'DeliveryService/*' --expires 30d -o bao-cao.token`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, in []string) error { return a.tokenCreate(c.Context(), in[0], f) },
	})
	create.Flags().StringVar(&f.user, "user", "", "id of the user whose token it is")
	create.Flags().StringArrayVar(&f.grants, "grant", nil, "ROLE:AGENCY, or auditor, admin, that the user has; repeatable")
	create.Flags().StringArrayVar(&f.methods, "method", nil, "SERVICE/METHOD or SERVICE/*, repeatable; all that the roles allow if there is none")
	create.Flags().StringVar(&f.expires, "expires", "90d", "how long it is good for: 90d, 12h; at most 366d")
	create.Flags().StringVarP(&f.output, "output", "o", "", "new file for the secret")
	for _, name := range []string{"user", "grant", "output"} {
		_ = create.MarkFlagRequired(name) // fails for flags that are not there
	}
	list := a.nodeAddressFlags(&cobra.Command{
		Use:   "list",
		Short: "List tokens, newest first, with their last use",
		Args:  args(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.tokenList(c.Context()) },
	})
	var reason string
	revoke := a.nodeAddressFlags(&cobra.Command{
		Use:   "revoke ID",
		Short: "End a token, from the next call on",
		Args:  args(1, 1),
		RunE:  func(c *cobra.Command, in []string) error { return a.tokenRevoke(c.Context(), in[0], reason) },
	})
	revoke.Flags().StringVar(&reason, "reason", "", "why, for the log")
	return group("token", "API tokens of a node's users (mã truy cập)", create, list, revoke)
}

// parseLife reads a duration that may be in days.
func parseLife(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 3660 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, failf(exitUsage, "--expires %q: want a duration such as 90d or 12h", text)
	}
	return d, nil
}

// tokenCreate opens the file before it asks: a secret that cannot be written would be lost.
func (a *app) tokenCreate(ctx context.Context, label string, f tokenFlags) (err error) {
	life, err := parseLife(f.expires)
	if err != nil {
		return err
	}
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	file, err := os.OpenFile(f.output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fail(exitUsage, err, "name a file that is not there yet, in a folder that is")
	}
	answer, err := c.Identity.CreateToken(ctx, &lienthongv1.CreateTokenRequest{Token: &lienthongv1.Token{User: f.user, Label: label,
		Grants: roleGrants(f.grants), Methods: f.methods, ExpiresAt: a.now().Add(life).UnixMicro()}})
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(f.output))
	}
	_, err = fmt.Fprintln(file, answer.GetSecret())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fail(exitUndecided, err, "the secret is lost: lienthong token revoke "+answer.GetToken().GetId()+", and make another")
	}
	return a.printToken(answer.GetToken())
}

func (a *app) tokenList(ctx context.Context) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	table := a.tokenTable()
	defer table.end()
	for at := ""; ; {
		page, err := c.Identity.ListTokens(ctx, &lienthongv1.ListTokensRequest{PageSize: 200, PageToken: at})
		if err != nil {
			return err
		}
		for _, t := range page.GetTokens() {
			if table != nil {
				table.addToken(t)
				continue
			}
			if err := a.printToken(t); err != nil {
				return err
			}
		}
		if at = page.GetNextPageToken(); at == "" {
			return nil
		}
	}
}

func (a *app) tokenRevoke(ctx context.Context, id, reason string) error {
	c, _, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := c.Identity.RevokeToken(ctx, &lienthongv1.RevokeTokenRequest{Token: id, Reason: reason})
	if err != nil {
		return err
	}
	return a.printToken(answer.GetToken())
}

func (a *app) printToken(t *lienthongv1.Token) error {
	if a.json {
		return a.printProto(t)
	}
	state, used := a.tokenTexts(t)
	a.printf("%s  %-16s %-24s %s  %s  %s\n", t.GetId(), t.GetUser(), t.GetLabel(), state, used, strings.Join(grantTexts(t.GetGrants()), " "))
	return nil
}

// tokenTexts say until when a token is good, and when it was used last.
func (a *app) tokenTexts(t *lienthongv1.Token) (state, used string) {
	state = a.t("until ", "đến ") + vnMicro(t.GetExpiresAt())
	switch {
	case t.GetRevokedAt() != 0:
		state = a.t("revoked ", "đã thu hồi ") + vnMicro(t.GetRevokedAt())
	case t.GetExpiresAt() <= a.now().UnixMicro():
		state = a.t("expired ", "hết hạn ") + vnMicro(t.GetExpiresAt())
	}
	used = a.t("never used", "chưa dùng")
	if t.GetLastUsed() != 0 {
		used = a.t("used ", "dùng ") + vnMicro(t.GetLastUsed())
	}
	return state, used
}
