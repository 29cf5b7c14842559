#!/usr/bin/env bash
# fuzz.sh TIME: runs each fuzz target of the tree for TIME, one after another,
# since the fuzzing engine takes all cores for one target.
set -euo pipefail

time=$1
failed=0 count=0
while IFS=: read -r file _ line; do
	name=${line#func }
	name=${name%%(*}
	count=$((count + 1))
	echo "== ./${file%/*} $name"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "./${file%/*}" || failed=$((failed + 1))
done < <(git ls-files --cached --others --exclude-standard '*_test.go' | xargs grep -nE '^func Fuzz[A-Z][A-Za-z0-9_]*\(')
echo "$((count - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
