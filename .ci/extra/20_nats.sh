#!/usr/bin/env bash
# The directory on NATS: its contract on a server, HOLD without one, leader loss in a cluster of three,
# two directors on it.
# Installs Debian's nats-server when it is missing. Ends what it starts.
set -u -o pipefail
cd "$(dirname "$0")/../.."
export NO_COLOR=1

if ! command -v nats-server >/dev/null; then
  as_root=""
  [ "$(id -u)" -eq 0 ] || as_root="sudo"
  { $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends nats-server; } >/dev/null 2>&1
fi
if ! command -v nats-server >/dev/null; then
  echo "nats: FAILED, nats-server cannot be installed"
  exit 1
fi

work=$(mktemp -d)
# Port -1 is a free one; the server writes which it took.
nats-server -js -a 127.0.0.1 -p -1 -sd "$work/store" --ports_file_dir "$work" >"$work/server.txt" 2>&1 &
server=$!
finish() {
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT

url=""
for _ in $(seq 100); do
  url=$(sed -nE 's/.*"nats": *\[ *"(nats:[^"]+)".*/\1/p' <(tr -d '\n' 2>/dev/null <"$work/nats-server_$server.ports"))
  [ -n "$url" ] && break
  sleep 0.1
done
if [ -z "$url" ]; then
  echo "nats: FAILED, the server did not start"
  cat "$work/server.txt"
  exit 1
fi

TICKWIRE_NATS_URL=$url deno test -A --no-check tests/relay/directory tests/relay/director/nats_test.ts >"$work/tests.txt" 2>&1
code=$?
[ "$code" -eq 0 ] || cat "$work/tests.txt"
grep -o 'write gap after.*' "$work/tests.txt"
echo "nats: $(grep -E '^(ok|FAILED) \| ' "$work/tests.txt" | tail -n 1)"
exit "$code"
