#!/usr/bin/env bash
# Installs what is missing, builds, runs all tests and compares timing with the golden traces.
set -euo pipefail
cd "$(dirname "$0")"
scripts/install_packages.sh
cmake --preset release
cmake --build --preset release
build/release/cli/cimmlc regress
ctest --test-dir build/release -j 2 --output-on-failure
