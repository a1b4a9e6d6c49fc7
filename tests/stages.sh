#!/usr/bin/env bash
# `make test`: the stages of what CI runs, one after another. The first that fails ends
# the run. At the end stands how long each took.
set -euo pipefail
cd "$(dirname "$0")/.."

report=$'\nWall time of each stage:\n'
trap 'printf "%s%6d s  in all\n" "$report" "$SECONDS"' EXIT

for stage in environments lint test-package test-lessons test-colab \
    test-browser-and-install test-site-and-instructor test-hub; do
  printf '\n=== %s\n' "$stage"
  began=$SECONDS said=""
  make --no-print-directory "$stage" || said=" FAILED"
  report+=$(printf '%6d s  %s%s' $((SECONDS - began)) "$stage" "$said")$'\n'
  test -z "$said"
done
