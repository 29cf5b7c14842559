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
journal, certs/keys, certs/names, certs/ocsp, certs/fetch, signer/pdf, signer/cms, internal/durable, internal/sheet, internal/freeport, internal/migrate, exchange/notation, exchange/calendar, proto/*:

# What stands on leaves alone.
certs/crl:          certs/names
certs:              certs/names certs/crl certs/ocsp certs/fetch
envelope:           proto/*
signer/tsp:         signer/cms
signer/appearance, signer/content: signer/pdf
signer/place:       signer/content
certs/keys/pkcs11:  certs/keys
store/blob:         internal/durable
store/s3:           store/blob

# The engine, the domain, and what makes a throw-away world for both.
signer:             signer/* certs certs/keys journal
exchange:           envelope signer certs journal exchange/notation exchange/calendar
exchange/edxml:     exchange exchange/notation envelope
exchange/axis:      exchange exchange/edxml exchange/notation envelope journal
exchange/roster:    envelope internal/sheet
exchange/evidence:  exchange envelope journal certs signer/cms signer/tsp
certs/dev:          certs certs/keys certs/ocsp signer/tsp

# Stores implement what exchange declares; Open alone knows which there are.
store/postgres:     exchange journal envelope internal/migrate
store/storetest:    exchange exchange/notation journal envelope
store/sqlite:       exchange journal envelope internal/durable internal/migrate
store:              store/blob store/s3 store/postgres store/sqlite exchange envelope journal internal/durable

# Doors. Protobuf is known here and in envelope, and nowhere else.
internal/wire:      proto/* exchange signer journal envelope
server:             proto/* internal/wire envelope exchange signer signer/appearance journal certs certs/keys exchange/evidence exchange/axis exchange/edxml
client:             proto/* internal/wire envelope exchange signer
web:                exchange signer journal
admin:              exchange envelope
gateway:            exchange exchange/axis exchange/edxml exchange/notation envelope journal
tracing:            exchange envelope

# The one place that wires everything.
cmd/lienthong:      server client web admin gateway tracing proto/* store store/blob store/s3 store/postgres store/sqlite exchange exchange/* envelope signer signer/* certs certs/* journal internal/wire internal/durable internal/sheet internal/freeport

# Test harnesses, shipped as packages so that every test builds the real thing.
internal/testpki:   certs certs/* signer signer/* journal
internal/testnode:  server client web proto/* store store/blob store/postgres store/sqlite exchange exchange/* envelope signer signer/* certs certs/keys certs/dev journal internal/wire internal/durable internal/testpki internal/freeport
internal/tests3:    internal/freeport

internal/powercut, internal/testpg, internal/testpdf, internal/testtool, internal/measure:

# What measures, apart from the binary.
tools/corpus:       signer certs certs/dev
tools/bench:        server client proto/* signer signer/appearance signer/tsp certs certs/keys certs/dev exchange exchange/evidence envelope journal store internal/durable internal/measure internal/testpdf
tools/mutate:       signer signer/pdf certs
tools/chaos:        client certs/dev exchange envelope proto/* internal/powercut internal/testpg internal/testpdf internal/freeport

# Tests of the tree itself.
internal/archtest, internal/docstest:
`

// testPolicy is what the _test.go files of any package may import besides: the
// harnesses, real stores, the client through which a server is asked, a throw-away
// authority, evidence files (what a node proves is what a stranger can check), and leaves
// that a test needs to make or look at what it tests.
const testPolicy = `exchange/evidence internal/testpki internal/testpdf internal/measure internal/testnode internal/testpg internal/tests3 internal/testtool internal/powercut store store/* client certs/dev certs/keys signer/tsp journal internal/durable`

// outside is who may import what is not ours: "import path: packages". A line
// covers what lies under its path too, and the longest path that covers an
// import decides. Modules that have no line may not be used, so a dependency
// enters here with its reason; of the standard library only what has a line is
// restricted. Tests may import all that has a line.
const outside = `
# The wire. Domain and formats do not know it.
google.golang.org/grpc:       proto/* internal/wire server client cmd/lienthong internal/testnode tools/chaos
google.golang.org/genproto/googleapis/rpc: internal/wire server client cmd/lienthong
google.golang.org/protobuf:   proto/* envelope internal/wire server client cmd/lienthong

# SQL stays in the stores.
database/sql:                 store/sqlite store/postgres internal/migrate
modernc.org/sqlite:           store/sqlite
github.com/pressly/goose:     internal/migrate
github.com/jackc/pgx:         store/postgres internal/testpg

# Files in a bucket: the client of the people who wrote a server, which leaves each
# request, its digest and whether it is repeated to us.
github.com/minio/minio-go:    store/s3

# What is drawn in a PDF, and with which font.
codeberg.org/go-pdf/fpdf:     signer/appearance
github.com/go-fonts/liberation: signer/appearance
golang.org/x/image:           signer/appearance

# Keys and DER.
software.sslmate.com/src/go-pkcs12: certs/keys certs/dev internal/testpki
golang.org/x/crypto:          signer signer/cms signer/tsp certs certs/keys certs/keys/pkcs11 certs/names certs/crl certs/ocsp certs/dev
github.com/miekg/pkcs11:      certs/keys/pkcs11

# The Merkle tree of the Go checksum database.
golang.org/x/mod/sumdb:       journal exchange store/sqlite store/postgres store/storetest

# The terminal and the configuration are the command's.
github.com/spf13/cobra:       cmd/lienthong
github.com/spf13/pflag:       cmd/lienthong
github.com/goccy/go-yaml:     cmd/lienthong
github.com/mattn/go-isatty:   cmd/lienthong
golang.org/x/term:            cmd/lienthong

# Small and everywhere.
github.com/google/uuid:       envelope exchange internal/wire store/* server cmd/lienthong internal/testnode
golang.org/x/sync:            exchange server client store/* cmd/lienthong internal/testnode
golang.org/x/sys:             internal/durable internal/measure store/blob store/sqlite cmd/lienthong
golang.org/x/text:            signer signer/pdf signer/appearance signer/place envelope exchange exchange/notation certs/dev cmd/lienthong

# What Prometheus reads: its own library, whose histograms and text form are what every
# tool around it was tested against.
github.com/prometheus/client_golang: admin

# What a collector of traces reads, from the project that defines it. The exporter
# speaks gRPC, which is here already.
go.opentelemetry.io:          tracing

# The network, and other programs.
net/http:                     signer/tsp certs/fetch certs/dev server client web admin gateway store/s3 cmd/lienthong internal/testpki internal/testnode
os/exec:                      cmd/lienthong internal/testnode internal/testpg internal/tests3 internal/testtool internal/powercut store/storetest tools/corpus tools/mutate tools/bench tools/chaos

# pdfsign is a second opinion on what we sign: its reader can end a process that
# meets the wrong file, so the command asks it in a child process, and nobody else
# does but tests, and what measures beside it. Its types of the Adobe revocation
# attribute hold no code.
github.com/digitorus:         cmd/lienthong tools/bench
github.com/digitorus/pdfsign/revocation: signer signer/cms

# Of tests alone.
github.com/google/go-cmp:     store/storetest internal/testpki internal/testnode
github.com/rogpeppe/go-internal: internal/testnode
pgregory.net/rapid:           store/storetest exchange
`
