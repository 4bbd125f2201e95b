#!/usr/bin/env bash
# Fails when an #include goes against the arrows: data flows one way through the folders.
#   layering.sh DIR       DIR: root of the sources
set -euo pipefail
cd -- "${1:?usage: layering.sh DIR}"
status=0

# All includes as "file:line:<header>" or "file:line:"header"", whatever the spacing.
includes=$(grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.h' --include='*.cpp' --include='*.def' \
    isa hw_models pricing compiler platform cli bench tests |
    sed -E 's/^([^:]+:[0-9]+:)[[:space:]]*#[[:space:]]*include[[:space:]]*/\1/')

complain() {  # complain RULE LINES
    if [ -n "$2" ]; then
        printf '%s\n%s\n' "$1:" "$2"
        status=1
    fi
}

# allow FOLDER LAYER...: files below FOLDER include no folder of the project but these. Headers of the project stand in quotes, with
# their path from the root.
allow() {
    local folder=$1
    shift
    local layers
    layers=$(IFS='|'; echo "$*")
    complain "$folder includes these folders only: $*" \
        "$(grep -E "^$folder/[^:]*:[0-9]+:(\"|<(isa|hw_models|pricing|compiler|platform|cli|tests|bench)/)" <<<"$includes" |
            grep -vE "^[^:]+:[0-9]+:\"($layers)/[^\"]*\"" | grep -vE '^[^:]+:[0-9]+:"[^"]*\.\./' || true)"
    complain "$folder goes up with .. instead of naming the path from the root" \
        "$(grep -E "^$folder/[^:]*:[0-9]+:[\"<][^\">]*\.\./" <<<"$includes" || true)"
}

# only HEADERS FILES...: headers that begin with HEADERS (a pattern) are included by these files or folders alone.
only() {
    local headers=$1
    shift
    local files
    files=$(IFS='|'; echo "$*")
    complain "only $* may include $headers" \
        "$(grep -E "^[^:]+:[0-9]+:[\"<]($headers)" <<<"$includes" | grep -vE "^($files)" || true)"
}

allow isa isa
allow hw_models hw_models
allow pricing pricing isa hw_models
allow compiler compiler pricing isa hw_models
allow platform platform pricing isa hw_models
allow cli cli platform compiler pricing isa hw_models

only 'systemc|tlm|sysc/' platform/ cli/main.cpp tests/main.cpp tests/platform/ bench/
only 'onnx/|google/protobuf/' compiler/frontend/onnx_reader.cpp compiler/frontend/tensor_proto.h compiler/io/tensor_file.cpp \
    compiler/zoo/onnx_writer.cpp compiler/export/ tests/compiler/qdq.cpp tests/compiler/onnx_files tests/compiler/onnx_import.cpp tests/cli/
only 'yaml-cpp/' hw_models/spec/
only 'boost/' cli/
exit $status
