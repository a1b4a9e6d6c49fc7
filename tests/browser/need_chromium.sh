#!/usr/bin/env bash
# Make sure that there is a Chromium for the browser tests: Debian's package, if this
# is a Debian or Ubuntu and we may install it.
set -euo pipefail

if [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  echo "Installing Chromium for the browser tests"
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
  echo "The browser tests need Chromium. Install it (Debian: apt-get install chromium)" \
    "or set CHROMIUM to the path of a Chrome or Chromium."
  exit 1
fi
