#!/usr/bin/env bash
# generate-check.sh: generates into an empty folder and compares with what is
# committed, so that it needs no clean work tree and changes nothing in it.
set -euo pipefail

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"$BUF" generate -o "$fresh"

list() { (cd "$1" && find proto -name '*.pb.go' | LC_ALL=C sort); }
mkdir -p "$fresh/proto"
if ! diff <(list .) <(list "$fresh") >/dev/null; then
	echo "generated files are missing or left over (< committed, > generated); run: make generate"
	diff <(list .) <(list "$fresh") || true
	exit 1
fi
stale=0
for file in $(list .); do
	if ! diff -q "$file" "$fresh/$file" >/dev/null; then
		echo "$file is not what its .proto generates; run: make generate"
		stale=1
	fi
done
exit $stale
