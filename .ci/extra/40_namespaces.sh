#!/usr/bin/env bash
# Relays behind real NATs: network namespaces of this machine, as root. A NAT matrix, forced rebinds, and
# relays that are killed, in their short forms; tests/relay/namespaces/main.ts --long plays all.
# Installs nftables, iproute2 and conntrack when they are missing. Leaves no namespace and no process.
set -u -o pipefail
cd "$(dirname "$0")/../.."
export NO_COLOR=1

if [ "$(id -u)" -ne 0 ]; then
  if sudo -n true 2>/dev/null; then exec sudo -n --preserve-env=PATH,HOME,DENO_DIR bash "$0"; fi
  echo "namespaces: FAILED, this needs root"
  exit 1
fi
missing=""
command -v nft >/dev/null || missing="$missing nftables"
command -v ip >/dev/null || missing="$missing iproute2"
command -v conntrack >/dev/null || missing="$missing conntrack"
if [ -n "$missing" ]; then
  # shellcheck disable=SC2086 -- a list of packages.
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1
fi

prefix="tw$$"
finish() {
  # The tests remove what they made; this is for tests that were killed.
  for namespace in $(ip netns list 2>/dev/null | sed -nE "s/^($prefix-[a-z0-9-]+).*/\1/p"); do
    for process in $(ip netns pids "$namespace"); do kill -9 "$process" 2>/dev/null; done
    ip netns del "$namespace"
  done
  rm -f "$log"
}
log=$(mktemp)
trap finish EXIT

TICKWIRE_NAMESPACES=1 TICKWIRE_LAB_PREFIX=$prefix timeout --signal=TERM --kill-after=5 150 \
  deno test -A --no-check tests/relay/namespaces >"$log" 2>&1
code=$?
[ "$code" -eq 0 ] || cat "$log"
echo "namespaces: $(grep -E '^(ok|FAILED) \| ' "$log" | tail -n 1)"
exit "$code"
