# The commands of this project. `make` alone lists them; each target's help is
# the comment behind its two #. What is not named here is not part of the way
# we work: CI runs `make test` and then `make check`, and so does everyone else.

GO        ?= go
FUZZTIME  ?= 30s
BENCH     ?= .
ROUNDS    ?= 20
SEED      ?=
TESTFLAGS ?=
LIENTHONG_TOOLS ?= $(CURDIR)/.tools
LIENTHONG_VENV  ?= $(LIENTHONG_TOOLS)/venv

# Tests look for python3, pyhanko, verapdf and versitygw on the PATH: the installed ones come first.
export LIENTHONG_VENV
export LIENTHONG_TOOLS
export PATH := $(LIENTHONG_VENV)/bin:$(LIENTHONG_TOOLS)/verapdf:$(LIENTHONG_TOOLS)/versitygw:$(PATH)

# Linters have module graphs of hundreds of modules, so they stay out of go.mod:
# each is built from its own release and kept under its version and Go's.
# (protoc-gen-go and protoc-gen-go-grpc must match the runtime: they are the
# `tool` lines of go.mod.)
TOOLBIN       := $(LIENTHONG_TOOLS)/$(shell $(GO) env GOVERSION)
BUF           := $(TOOLBIN)/buf@v1.75.0/buf
STATICCHECK   := $(TOOLBIN)/staticcheck@v0.8.2/staticcheck
GOLANGCI_LINT := $(TOOLBIN)/golangci-lint@v2.15.0/golangci-lint
GOVULNCHECK   := $(TOOLBIN)/govulncheck@v1.8.0/govulncheck

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## list the targets
	@sed -nE 's/^([a-z][a-z-]*):.*## (.*)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s%s\n", $$1, $$2}'
.PHONY: help

# -- run ----------------------------------------------------------------------

build: ## build the binary, without cgo
	CGO_ENABLED=0 $(GO) build -trimpath -o lienthong ./cmd/lienthong
.PHONY: build

demo: ## three nodes on this machine: sign, send, relay, validate, answer, prove
	$(GO) run ./cmd/lienthong demo
.PHONY: demo

cross: ## build the command for Windows, macOS and Linux on ARM into dist/
	tools/cross.sh dist windows/amd64 darwin/arm64 darwin/amd64 linux/arm64
.PHONY: cross

# -- test ---------------------------------------------------------------------

test: test-tools ## install what the tests need, run them all, build without cgo
	$(GO) test -timeout 20m $(TESTFLAGS) ./...
	CGO_ENABLED=0 $(GO) build ./...
.PHONY: test

test-tools: ## install the programs that the tests compare with (where it can)
	tools/install.sh
.PHONY: test-tools

race: test-tools ## run the tests with the race detector
	$(GO) test -race -timeout 40m $(TESTFLAGS) ./...
.PHONY: race

fuzz: ## run every fuzz target for FUZZTIME (30s)
	tools/fuzz.sh $(FUZZTIME)
.PHONY: fuzz

bench: test-tools ## measure signing, validation and nodes against the numbers asked for, into docs/*numbers.md
	@mkdir -p $(TOOLBIN)
	$(GO) build -o $(TOOLBIN)/bench ./tools/bench
	$(TOOLBIN)/bench -o docs/numbers.md -corpus '$(wildcard ../shared/corpus/dos-bombs)' $(BENCHFLAGS)
	$(TOOLBIN)/bench -set exchange -o docs/exchange-numbers.md $(BENCHFLAGS)
.PHONY: bench

chaos: test-tools ## break nodes under load, ROUNDS times (20), drawn from SEED, and look what is missing
	@mkdir -p $(TOOLBIN)
	$(GO) build -o $(TOOLBIN)/chaos ./tools/chaos
	$(TOOLBIN)/chaos -rounds $(ROUNDS) $(if $(SEED),-seed $(SEED)) $(CHAOSFLAGS)
.PHONY: chaos

microbench: ## run the Go benchmarks that match BENCH (.), for benchstat
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m ./...
.PHONY: microbench

# -- check --------------------------------------------------------------------

check: fmt-check vet staticcheck lint proto-lint generate-check tidy-check ## everything CI holds against a change, but the tests
.PHONY: check

fmt-check: ## gofmt would change nothing
	@files=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go' | grep -v '/testdata/')); \
	if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi
.PHONY: fmt-check

vet: ## go vet, for this system and for a clerk's Windows
	$(GO) vet ./...
	GOOS=windows CGO_ENABLED=0 $(GO) vet ./cmd/...
.PHONY: vet

staticcheck: $(STATICCHECK) ## staticcheck
	$(STATICCHECK) ./...
.PHONY: staticcheck

lint: $(GOLANGCI_LINT) ## golangci-lint, by .golangci.yml
	$(GOLANGCI_LINT) run ./...
.PHONY: lint

proto-lint: $(BUF) ## buf lint, by buf.yaml
	$(BUF) lint
.PHONY: proto-lint

generate: $(BUF) ## make the generated code again
	$(BUF) generate
.PHONY: generate

generate-check: $(BUF) ## the committed generated code is what generate makes
	BUF=$(BUF) tools/generate-check.sh
.PHONY: generate-check

tidy-check: ## go mod tidy would change nothing
	$(GO) mod tidy -diff
.PHONY: tidy-check

vuln: $(GOVULNCHECK) ## known vulnerabilities (asks the vulnerability database of the Go project)
	$(GOVULNCHECK) ./...
.PHONY: vuln

# -- keep house ---------------------------------------------------------------

clean: ## remove what builds and demos left
	rm -rf lienthong lienthong.exe dist .demo
.PHONY: clean

clean-tools: ## remove the installed tools as well
	rm -rf $(LIENTHONG_TOOLS)
.PHONY: clean-tools

# A tool is built once for each version: the folder's name is the pin.
$(BUF): ; tools/gotool.sh $@ github.com/bufbuild/buf/cmd/buf
$(STATICCHECK): ; tools/gotool.sh $@ honnef.co/go/tools/cmd/staticcheck
$(GOLANGCI_LINT): ; tools/gotool.sh $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(GOVULNCHECK): ; tools/gotool.sh $@ golang.org/x/vuln/cmd/govulncheck
