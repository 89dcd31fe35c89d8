#!/usr/bin/env bash
# An independent decoder in Python, written from docs/ alone, reads captured sessions.
set -eu
cd "$(dirname "$0")/../.."

python=/usr/bin/python3
if ! "$python" -c "import cryptography" 2>/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update >/dev/null
  apt-get -qq install -y python3-cryptography >/dev/null
fi
TICKWIRE_PYTHON=$python deno test -A tests/conformance/verify_test.ts
