#!/bin/sh
# Benchmarks: `npm run bench -- NAME [--json]`; without a name, the list.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/toolchain.sh"
cd "$root"
exec node bench/run.ts "$@"
