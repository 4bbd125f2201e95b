#!/usr/bin/env bash
# Installs what is missing, builds, compares timing with the golden traces and runs all tests.
#   PRESET=dev ./test.sh      with another preset of CMakePresets.json (default: release)
set -euo pipefail
CDPATH='' cd -- "$(dirname -- "$0")"
preset=${PRESET:-release}
scripts/install_packages.sh
cmake --preset "$preset"
cmake --build --preset "$preset"
"build/$preset/cli/cimmlc" regress
ctest --preset "$preset" -j 2
