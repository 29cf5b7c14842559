package server

import (
	"context"
	"fmt"

	"lienthong/envelope"
	"lienthong/exchange"
	"lienthong/internal/wire"
	lienthongv1 "lienthong/proto/lienthong/v1"
	"lienthong/signer"
)

// maxSecret bounds a PIN or password.
const maxSecret = 1 << 10

// runsNode reports whether the caller is an administrator of this node.
func (c caller) runsNode() bool {
	return c.principal != nil && c.principal.May(exchange.RoleAdmin, "")
}

// ListKeys lists the caller's keys, or all of the agency's to an administrator.
func (g *signingService) ListKeys(ctx context.Context, m *lienthongv1.ListKeysRequest) (*lienthongv1.ListKeysResponse, error) {
	agency, err := g.agencyOf(m)
	if err != nil {
		return nil, err
	}
	who := callerOf(ctx)
	principal := who.principal.ID
	if who.runsNode() {
		principal = ""
	}
	list, err := g.svc.SigningKeys(ctx, principal, agency)
	if err != nil {
		return nil, err
	}
	out := &lienthongv1.ListKeysResponse{}
	for _, k := range list {
		out.Keys = append(out.Keys, keyToProto(k))
	}
	return out, nil
}

var keyUses = map[signer.KeyUse]lienthongv1.KeyUse{
	signer.KeyUnattended:  lienthongv1.KeyUse_KEY_USE_UNATTENDED,
	signer.KeyActive:      lienthongv1.KeyUse_KEY_USE_ACTIVE,
	signer.KeyInactive:    lienthongv1.KeyUse_KEY_USE_INACTIVE,
	signer.KeySuspended:   lienthongv1.KeyUse_KEY_USE_SUSPENDED,
	signer.KeyUnavailable: lienthongv1.KeyUse_KEY_USE_UNAVAILABLE,
}

func keyToProto(k signer.KeyStatus) *lienthongv1.SigningKey {
	out := &lienthongv1.SigningKey{Id: k.ID, Agency: k.Agency, Role: lienthongv1.CertificateRole_CERTIFICATE_ROLE_AGENCY, Holder: k.Holder,
		Unattended: k.Unattended, Use: keyUses[k.Use], ActiveBy: k.By, Reason: k.Reason}
	if k.Role == signer.RolePersonal {
		out.Role = lienthongv1.CertificateRole_CERTIFICATE_ROLE_PERSONAL
	}
	if !k.Until.IsZero() {
		out.ActiveUntil = k.Until.UnixMicro()
	}
	if k.Key != nil { // else nobody has opened it, and it may be in a file that only its password opens
		out.Certificate, out.Algorithm = k.Key.Certificate().Raw, k.Key.Info().Algorithm
	}
	return out
}

// ActivateKey opens a key with the secret, which is overwritten wherever this program
// holds it.
func (g *signingService) ActivateKey(ctx context.Context, m *lienthongv1.ActivateKeyRequest) (*lienthongv1.ActivateKeyResponse, error) {
	defer clear(m.GetSecret())
	if n := len(m.GetSecret()); n == 0 || n > maxSecret {
		return nil, wire.BadField("secret", fmt.Errorf("%d bytes, want 1 to %d", n, maxSecret))
	}
	status, err := g.svc.ActivateKey(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())),
		exchange.KeyRequest{Agency: m.GetAgency(), Key: m.GetKey()}, m.GetSecret())
	if err != nil {
		return nil, err
	}
	return &lienthongv1.ActivateKeyResponse{Key: keyToProto(status)}, nil
}

// keyRequest names a key, and whether who asks runs the node.
func keyRequest(ctx context.Context, m interface {
	GetAgency() string
	GetKey() string
}) exchange.KeyRequest {
	return exchange.KeyRequest{Agency: m.GetAgency(), Key: m.GetKey(), Admin: callerOf(ctx).runsNode()}
}

func (g *signingService) DeactivateKey(ctx context.Context, m *lienthongv1.DeactivateKeyRequest) (*lienthongv1.DeactivateKeyResponse, error) {
	err := g.svc.DeactivateKey(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), keyRequest(ctx, m))
	return &lienthongv1.DeactivateKeyResponse{}, err
}

func (g *signingService) SuspendKey(ctx context.Context, m *lienthongv1.SuspendKeyRequest) (*lienthongv1.SuspendKeyResponse, error) {
	req := keyRequest(ctx, m)
	req.Reason = m.GetReason()
	err := g.svc.SuspendKey(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), req)
	return &lienthongv1.SuspendKeyResponse{}, err
}

func (g *signingService) ResumeKey(ctx context.Context, m *lienthongv1.ResumeKeyRequest) (*lienthongv1.ResumeKeyResponse, error) {
	err := g.svc.ResumeKey(ctx, callerOf(ctx).actor(envelope.StaffFromProto(m.GetStaff())), keyRequest(ctx, m))
	return &lienthongv1.ResumeKeyResponse{}, err
}
