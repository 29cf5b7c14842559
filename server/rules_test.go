package server

import (
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	lienthongv1 "lienthong/proto/lienthong/v1"
)

// register makes a service with one method that has the given access option.
func register(t *testing.T, service string, access *lienthongv1.Access) {
	t.Helper()
	options := &descriptorpb.MethodOptions{}
	if access != nil {
		proto.SetExtension(options, lienthongv1.E_Access, access)
	}
	if _, err := protoregistry.GlobalFiles.FindFileByPath(service + ".proto"); err == nil {
		return // the test runs again in this process
	}
	file := &descriptorpb.FileDescriptorProto{
		Name: proto.String(service + ".proto"), Package: proto.String("rulestest"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String(service + "Message")}},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String(service), Method: []*descriptorpb.MethodDescriptorProto{{
			Name: proto.String("Act"), InputType: proto.String(".rulestest." + service + "Message"),
			OutputType: proto.String(".rulestest." + service + "Message"), Options: options}}}},
	}
	d, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	if err := protoregistry.GlobalFiles.RegisterFile(d); err != nil {
		t.Fatal(err)
	}
}

// A method without a rule, or with one that lets nobody in by mistake, keeps the
// server from starting, and is named.
func TestReadRules(t *testing.T) {
	t.Parallel()
	register(t, "Bare", nil)
	register(t, "Nobody", &lienthongv1.Access{})
	register(t, "Future", &lienthongv1.Access{Roles: []lienthongv1.Role{99}})
	register(t, "Sound", &lienthongv1.Access{Roles: []lienthongv1.Role{lienthongv1.Role_ROLE_CLERK}})
	for _, tt := range []struct {
		service, want string // empty if it may start
	}{
		{"rulestest.Bare", "rulestest.Bare.Act has no (access) option"},
		{"rulestest.Nobody", "names nobody"},
		{"rulestest.Future", "unknown role"},
		{"rulestest.Unheard", "not found"},
		{"rulestest.Sound", ""},
	} {
		_, err := readRules(map[string]grpc.ServiceInfo{tt.service: {Methods: []grpc.MethodInfo{{Name: "Act"}}}})
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v, want no error", tt.service, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want an error with %q", tt.service, err, tt.want)
		}
	}
}
