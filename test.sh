#!/usr/bin/env bash
# Installs what is missing, builds, runs all tests and compares timing with the golden traces. The last line counts both.
#   PRESET=dev ./test.sh      with another preset of CMakePresets.json (default: release)
set -euo pipefail
CDPATH='' cd -- "$(dirname -- "$0")"
preset=${PRESET:-release}
scripts/install_packages.sh
cmake --preset "$preset"
cmake --build --preset "$preset" --target cimmlc unit_tests

# A failing test does not hide a moved cycle: both parts run, then one count of both.
log=build/$preset/test.log
status=0
ctest --preset "$preset" -j 2 2>&1 | tee "$log" || status=1
"build/$preset/cli/cimmlc" regress 2>&1 | tee -a "$log" || status=1
# A part that ends without its summary has failed once.
awk '/^[0-9]+% tests passed, [0-9]+ tests failed out of [0-9]+$/ { failed += $4; passed += $9 - $4; parts++ }
     /^[0-9]+ traces same, [0-9]+ different$/                    { passed += $1; failed += $4; parts++ }
     END { printf "\n%d passed, %d failed\n", passed, failed + 2 - parts }' "$log"
exit $status
