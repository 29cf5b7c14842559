#!/usr/bin/env bash
# install.sh: what the tests compare with, and cannot build themselves.
#
#   poppler-utils qpdf        other readers of PDF: pdfsig, pdftotext, pdftoppm, qpdf
#   libnss3-tools             certutil: whom pdfsig trusts
#   openssl softhsm2          another CMS, and an HSM in software
#   strace                    what a node wrote and synced, for the power-cut test
#   postgresql                the server of the larger store
#   versitygw                 a server of S3, for files in a bucket
#   fonts-liberation          what pdftoppm draws with
#   a Python venv             pyHanko, and gRPC from another language
#   Java, Maven, veraPDF      whether a PDF/A or PDF/UA file conforms; an adapter of the axis
#   NIST PKITS                certificates and lists with known verdicts (public domain)
#
# A test whose program is missing skips and says so. So nothing here may stop a
# developer without root; but with CI=true a missing program is a failure, since
# there a skipped comparison would look like a passed one.
set -uo pipefail
cd "$(dirname "$0")/.."

missing=()
need() { missing+=("$1"); }
warn() { echo "install: $*" >&2; }

packages() {
	local want=()
	command -v pdfsig >/dev/null || want+=(poppler-utils)
	command -v certutil >/dev/null || want+=(libnss3-tools)
	command -v qpdf >/dev/null || want+=(qpdf)
	command -v openssl >/dev/null || want+=(openssl)
	command -v softhsm2-util >/dev/null || want+=(softhsm2)
	command -v strace >/dev/null || want+=(strace)
	command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || want+=(postgresql)
	[ -d /usr/share/fonts/truetype/liberation ] || [ -d /usr/share/fonts/truetype/liberation2 ] || want+=(fonts-liberation)
	command -v python3 >/dev/null || want+=(python3 python3-venv)
	command -v javac >/dev/null || want+=(default-jdk-headless)
	command -v mvn >/dev/null || want+=(maven)
	[ ${#want[@]} -eq 0 ] && return
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		for p in "${want[@]}"; do need "$p"; done
		return
	fi
	echo "install: ${want[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q -y update >/dev/null || warn "apt-get update did not succeed; trying with the lists at hand"
	if ! apt-get -q -y install --no-install-recommends "${want[@]}" >/dev/null; then
		for p in "${want[@]}"; do need "$p"; done
	fi
}

# The venv is made anew when requirements.txt changes, and only then.
python() {
	local venv=${LIENTHONG_VENV:-.tools/venv} stamp
	command -v python3 >/dev/null || { need "python3"; return; }
	stamp=$(cat tools/requirements.txt <(python3 --version) | cksum | cut -d' ' -f1)
	[ "$(cat "$venv/.stamp" 2>/dev/null)" = "$stamp" ] && return
	echo "install: Python venv in $venv"
	rm -rf "$venv"
	if python3 -m venv "$venv" &&
		"$venv/bin/python3" -m pip install -q --disable-pip-version-check -r tools/requirements.txt; then
		echo "$stamp" >"$venv/.stamp"
	else
		rm -rf "$venv"
		need "the Python packages of tools/requirements.txt"
	fi
}

# veraPDF is a library of Maven's; what asks it about many files at once is compiled
# here, and made anew when it or the version changes.
verapdf() {
	local home=${LIENTHONG_TOOLS:-.tools}/verapdf stamp
	if ! command -v javac >/dev/null || ! command -v mvn >/dev/null; then
		need "veraPDF (a JDK and Maven)"
		return
	fi
	stamp=$(cat tools/verapdf/* <(javac -version 2>&1) | cksum | cut -d' ' -f1)
	[ "$(cat "$home/.stamp" 2>/dev/null)" = "$stamp" ] && return
	echo "install: veraPDF in $home"
	rm -rf "$home"
	mkdir -p "$home"
	home=$(cd "$home" && pwd)
	if mvn -q -B -f tools/verapdf/pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$home/lib" &&
		javac -encoding UTF-8 -cp "$home/lib/*" -d "$home" tools/verapdf/Verify.java; then
		install -m 755 tools/verapdf/verapdf "$home/verapdf"
		echo "$stamp" >"$home/.stamp"
	else
		rm -rf "$home"
		need "veraPDF"
	fi
}

# The certificates and lists of NIST's test suite, as the test vectors of Python's
# cryptography carry them. What a path must come to is in Go's own source.
pkits() {
	local venv=${LIENTHONG_VENV:-.tools/venv} version=50.0.2 to temp
	to=$(dirname "$venv")/pkits
	[ "$(cat "$to/.version" 2>/dev/null)" = "$version" ] && return
	echo "install: NIST PKITS in $to"
	temp=$(mktemp -d)
	rm -rf "$to"
	if "$venv/bin/python3" -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: -d "$temp" "cryptography_vectors==$version" &&
		"$venv/bin/python3" - "$temp"/*.whl "$to" <<-'END'
			import pathlib, sys, zipfile
			of, to = "cryptography_vectors/x509/PKITS_data/", pathlib.Path(sys.argv[2])
			with zipfile.ZipFile(sys.argv[1]) as z:
			    for name in z.namelist():
			        if name.startswith((of + "certs/", of + "crls/")) and not name.endswith("/"):
			            path = to / name.removeprefix(of)
			            path.parent.mkdir(parents=True, exist_ok=True)
			            path.write_bytes(z.read(name))
		END
	then
		echo "$version" >"$to/.version"
	else
		rm -rf "$to"
		need "NIST PKITS (cryptography_vectors $version)"
	fi
	rm -rf "$temp"
}

# A server of S3 in Go, which keeps a bucket as a folder: the tests of files in a bucket
# speak with it. Its modules stay out of go.mod, as the linters' do.
s3() {
	local home=${LIENTHONG_TOOLS:-.tools}/versitygw version=v1.8.0
	[ "$(cat "$home/.version" 2>/dev/null)" = "$version" ] && return
	command -v go >/dev/null || { need "versitygw (Go)"; return; }
	echo "install: versitygw in $home"
	mkdir -p "$home"
	if GOBIN=$(cd "$home" && pwd) GOFLAGS='' CGO_ENABLED=0 go install -trimpath -ldflags '-s -w' "github.com/versity/versitygw/cmd/versitygw@$version"; then
		echo "$version" >"$home/.version"
	else
		rm -rf "$home"
		need "versitygw $version"
	fi
}

packages
python
verapdf
pkits
s3

if [ ${#missing[@]} -gt 0 ]; then
	warn "not installed: ${missing[*]}"
	if [ "${CI:-}" = true ]; then
		warn "CI=true: every comparison must run"
		exit 1
	fi
	warn "tests that need them skip, and say so"
fi
exit 0
