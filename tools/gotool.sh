#!/usr/bin/env bash
# gotool.sh DEST PACKAGE: builds one pinned Go tool. DEST is .../NAME@VERSION/NAME.
set -euo pipefail

dest=$1 package=$2
version=${dest%/*}
version=${version##*@}

echo "building ${dest##*/} $version, once"
mkdir -p "${dest%/*}"
GOBIN=$(cd "${dest%/*}" && pwd) GOFLAGS= GOOS= GOARCH= go install "$package@$version"
