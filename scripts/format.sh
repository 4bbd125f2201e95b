#!/usr/bin/env bash
# Formats all sources that git tracks with clang-format 14 (Debian 12's); with --check, only tells what is not formatted.
set -euo pipefail
CDPATH='' cd -- "$(dirname -- "$0")/.."
how=(-i)
if [ "${1:-}" = --check ]; then
    how=(--dry-run -Werror)
fi
git ls-files -z '*.cpp' '*.h' | xargs -0 clang-format "${how[@]}"
