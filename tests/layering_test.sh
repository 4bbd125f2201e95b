#!/usr/bin/env bash
# Proves that layering.sh notices: in a small tree, each line of the first list must be refused and each of the second accepted.
set -euo pipefail
check=$(cd -- "$(dirname -- "$0")" && pwd)/layering.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
status=0

# try EXPECTED FILE INCLUDE: whether the tree with only this include is `right` or `wrong`.
try() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree"/{isa,hw_models,pricing,compiler,platform,cli,bench,tests} "$tree/$(dirname "$2")"
    echo '#include <vector>' >"$tree/isa/ops.h"
    printf '%s\n' "$3" >"$tree/$2"
    local verdict=wrong
    if "$check" "$tree" >/dev/null; then
        verdict=right
    fi
    if [ "$verdict" != "$1" ]; then
        echo "$3 in $2 should be $1"
        status=1
    fi
}

try wrong isa/a.h '#include "hw_models/spec/machine.h"'
try wrong isa/a.h '#include "../hw_models/spec/machine.h"'
try wrong isa/a.h '#include <hw_models/spec/machine.h>'
try wrong isa/text/a.cpp '#  include "compiler/error.h"'
try wrong hw_models/a.cpp '#include "isa/ops.h"'
try wrong hw_models/a.cpp '#include <systemc>'
try wrong pricing/a.cpp '#include "compiler/ir/graph.h"'
try wrong compiler/a.cpp '#include "platform/chip/chip.h"'
try wrong compiler/a.cpp '#include <tlm>'
try wrong compiler/ir/a.cpp '#include <onnx/onnx_pb.h>'
try wrong platform/a.cpp '#include "compiler/ir/graph.h"'
try wrong platform/a.cpp '#include "cli/command.h"'
try wrong cli/run.cpp '#include <systemc.h>'
try wrong compiler/a.cpp '#include <boost/program_options.hpp>'
try wrong platform/a.cpp '#include <yaml-cpp/yaml.h>'

try right isa/a.h '#include "isa/ops.h"'
try right compiler/a.cpp '#include "hw_models/spec/machine.h"'
try right platform/a.cpp '#include <tlm_utils/simple_target_socket.h>'
try right platform/a.cpp '#include "pricing/price_operation.h"'
try right cli/run.cpp '#include "compiler/error.h"'
try right cli/main.cpp '#include <systemc>'
try right compiler/frontend/onnx_reader.cpp '#include <onnx/onnx_pb.h>'
exit $status
