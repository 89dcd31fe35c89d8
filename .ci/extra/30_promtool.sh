#!/usr/bin/env bash
# The relay's metrics through Prometheus's own checker. Installs Debian's prometheus, for its promtool only,
# when that is missing.
set -u -o pipefail
cd "$(dirname "$0")/../.."
export NO_COLOR=1

if ! command -v promtool >/dev/null; then
  as_root=""
  [ "$(id -u)" -eq 0 ] || as_root="sudo"
  { $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends prometheus; } >/dev/null 2>&1
fi
if ! command -v promtool >/dev/null; then
  echo "promtool: FAILED, Debian's prometheus cannot be installed"
  exit 1
fi

if deno run -A tests/relay/status/print_sample_metrics.ts | promtool check metrics; then
  echo "promtool: ok"
else
  echo "promtool: FAILED"
  exit 1
fi
