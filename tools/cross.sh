#!/usr/bin/env bash
# cross.sh DIR OS/ARCH...: builds the command for each system, without cgo.
set -euo pipefail

dir=$1
shift
mkdir -p "$dir"
for target in "$@"; do
	os=${target%/*} arch=${target#*/}
	out=$dir/lienthong-$os-$arch
	if [ "$os" = windows ]; then out=$out.exe; fi
	CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -o "$out" ./cmd/lienthong
	ls -l "$out" | awk '{printf "%-40s %8.1f MB\n", $NF, $5/1e6}'
done
