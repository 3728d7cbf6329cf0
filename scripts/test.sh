#!/bin/sh
# Everything that a clean checkout can check: `npm test`. Arguments go to vitest, e.g. `npm test -- --project unit`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/toolchain.sh"
cd "$root"
node dist/portolan.js setup
npx --no-install tsc --noEmit
npx --no-install oxlint --deny-warnings
exec npx --no-install vitest run "$@"
