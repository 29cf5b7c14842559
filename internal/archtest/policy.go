package archtest

// policy is who may import whom, of our own packages. It is a statement of
// policy and not a description: where the code differs, one of the two has to
// change in the same commit.
//
// A line is "package: packages that it may import". Packages that share a line's
// left side are named with commas. "x/*" is every package under x. A package
// that has no line may not exist.
const policy = `
# Leaves: formats and mechanisms that know nothing of ours.
journal, certs, certs/keys, signer/pdf, signer/cms, internal/durable, proto/*:

# Formats that stand on one leaf.
envelope:           proto/*
signer/tsp:         signer/cms
signer/appearance:  signer/pdf
certs/keys/pkcs11:  certs/keys
store/blob:         internal/durable

# The engine, the domain, and what makes a throw-away world for both.
signer:             signer/* certs certs/keys journal
exchange:           envelope signer certs journal
exchange/edxml:     exchange
certs/dev:          certs certs/keys signer/tsp

# Stores implement what exchange declares; Open alone knows which there are.
store/postgres, store/sqlite, store/storetest: exchange journal envelope
store:              store/blob store/postgres store/sqlite exchange

# Doors. Protobuf is known here and in envelope, and nowhere else.
internal/wire:      proto/* exchange signer journal envelope
server:             proto/* internal/wire envelope exchange signer journal certs certs/keys
client:             proto/* internal/wire envelope exchange signer
web:                exchange signer journal

# The one place that wires everything.
cmd/lienthong:      server client web proto/* store store/blob store/postgres store/sqlite exchange exchange/edxml envelope signer signer/* certs certs/* journal internal/wire internal/durable

# Test harnesses, shipped as packages so that every test builds the real thing.
internal/testpki:   certs certs/* signer signer/* journal
internal/testnode:  server client web proto/* store store/blob store/postgres store/sqlite exchange exchange/edxml envelope signer signer/* certs certs/keys certs/dev journal internal/wire internal/durable internal/testpki

# Tests of the tree itself.
internal/archtest, internal/docstest:
`

// testPolicy is what the _test.go files of any package may import besides.
const testPolicy = `internal/testpki internal/testnode store store/*`
