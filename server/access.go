package server

import (
	"fmt"
	"sort"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"lienthong/exchange"
	lienthongv1 "lienthong/proto/lienthong/v1"
)

// A rule says who may call a method: its (access) option, read once at the start.
type rule struct {
	roles         []exchange.Role
	authenticated bool // anyone with a certificate that this node knows
	open          bool // anyone at all
	certificate   bool // by a client certificate, and not by a token
}

// builtin are the methods of services that are not ours and have no option. Health
// is for load balancers, which have no certificate. Reflection tells the API to
// those who may call some of it.
var builtin = map[string]rule{
	"grpc.health.v1.Health":                    {open: true},
	"grpc.reflection.v1.ServerReflection":      {authenticated: true},
	"grpc.reflection.v1alpha.ServerReflection": {authenticated: true},
}

var roleNames = map[lienthongv1.Role]exchange.Role{
	lienthongv1.Role_ROLE_CLERK:   exchange.RoleClerk,
	lienthongv1.Role_ROLE_SIGNER:  exchange.RoleSigner,
	lienthongv1.Role_ROLE_READER:  exchange.RoleReader,
	lienthongv1.Role_ROLE_LIAISON: exchange.RoleLiaison,
	lienthongv1.Role_ROLE_AUDITOR: exchange.RoleAuditor,
	lienthongv1.Role_ROLE_ADMIN:   exchange.RoleAdmin,
}

// readRules reads the rule of every registered method. One method without a rule
// is an error: a server that cannot say who may call it does not start.
func readRules(services map[string]grpc.ServiceInfo) (map[string]rule, error) {
	rules := make(map[string]rule)
	var lacking []string
	for service, info := range services {
		for _, m := range info.Methods {
			full := "/" + service + "/" + m.Name
			if r, ok := builtin[service]; ok {
				rules[full] = r
				continue
			}
			r, err := methodRule(service, m.Name)
			if err != nil {
				lacking = append(lacking, err.Error())
				continue
			}
			rules[full] = r
		}
	}
	if len(lacking) > 0 {
		sort.Strings(lacking)
		return nil, fmt.Errorf("server: access: %s", strings.Join(lacking, "; "))
	}
	return rules, nil
}

func methodRule(service, method string) (rule, error) {
	name := service + "." + method
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return rule{}, fmt.Errorf("%s: %w", name, err)
	}
	options, ok := d.Options().(*descriptorpb.MethodOptions)
	if !ok || !proto.HasExtension(options, lienthongv1.E_Access) {
		return rule{}, fmt.Errorf("%s has no (access) option", name)
	}
	access, ok := proto.GetExtension(options, lienthongv1.E_Access).(*lienthongv1.Access)
	if !ok || len(access.GetRoles()) == 0 && !access.GetAuthenticated() && !access.GetOpen() || access.GetOpen() && (len(access.GetRoles()) > 0 || access.GetAuthenticated()) {
		return rule{}, fmt.Errorf("%s: its (access) option names nobody", name)
	}
	r := rule{authenticated: access.GetAuthenticated(), certificate: access.GetCertificate(), open: access.GetOpen()}
	for _, role := range access.GetRoles() {
		known, ok := roleNames[role]
		if !ok {
			return rule{}, fmt.Errorf("%s: its (access) option names the unknown role %v", name, role)
		}
		r.roles = append(r.roles, known)
	}
	return r, nil
}

// namedAgency finds the agency for which a request asks to act: its field
// "agency", or the one in its field "name" (agencies/{agency}/…). It is empty if
// the request names none.
func namedAgency(request any) string {
	m, ok := request.(proto.Message)
	if !ok {
		return ""
	}
	fields := m.ProtoReflect().Descriptor().Fields()
	if f := fields.ByName("agency"); f != nil && f.Kind() == protoreflect.StringKind && !f.IsList() {
		return m.ProtoReflect().Get(f).String()
	}
	if f := fields.ByName("name"); f != nil && f.Kind() == protoreflect.StringKind && !f.IsList() {
		agency, _, _ := splitName(m.ProtoReflect().Get(f).String())
		return agency
	}
	return ""
}

// namesAgency reports whether requests of this type name an agency, so that one
// which leaves it empty is refused and not taken for one that needs none.
func namesAgency(request any) bool {
	m, ok := request.(proto.Message)
	if !ok {
		return false
	}
	fields := m.ProtoReflect().Descriptor().Fields()
	return fields.ByName("agency") != nil || fields.ByName("name") != nil
}

// agencyField is the field that names the agency, for errors.
func agencyField(request any) string {
	if m, ok := request.(proto.Message); ok && m.ProtoReflect().Descriptor().Fields().ByName("agency") != nil {
		return "agency"
	}
	return "name"
}

// splitName takes "agencies/{agency}/{collection}/{id}" apart.
func splitName(name string) (agency, collection, id string) {
	parts := strings.Split(name, "/")
	if len(parts) != 4 || parts[0] != "agencies" {
		return "", "", ""
	}
	return parts[1], parts[2], parts[3]
}
