#!/usr/bin/env bash
# Fails when an #include goes against the arrows: data flows one way through the folders.
set -euo pipefail
cd "${1:?usage: layering.sh SOURCE_DIR}"
status=0

# allow FOLDER LAYER...: the project's headers that files below FOLDER may include.
allow() {
    local folder=$1 wrong
    shift
    local layers
    layers=$(IFS='|'; echo "$*")
    wrong=$(grep -rnE '#include "(isa|hw_models|pricing|compiler|platform|cli|tests)/' --include='*.h' --include='*.cpp' "$folder" |
        grep -vE "#include \"($layers)/" || true)
    if [ -n "$wrong" ]; then
        echo "$folder may include $* only:"
        echo "$wrong"
        status=1
    fi
}

# only PATTERN WHERE: includes that match PATTERN stand nowhere but in files that match WHERE.
only() {
    local wrong
    wrong=$(grep -rnE "#include [<\"]($1)" --include='*.h' --include='*.cpp' isa hw_models pricing compiler platform cli tests bench |
        grep -vE "^($2)" || true)
    if [ -n "$wrong" ]; then
        echo "headers $1 belong into $2 only:"
        echo "$wrong"
        status=1
    fi
}

allow isa isa
allow hw_models hw_models
allow pricing pricing isa hw_models
allow compiler compiler pricing isa hw_models
allow platform platform pricing isa hw_models
allow cli cli platform compiler pricing isa hw_models

only 'systemc|tlm|tlm_utils/' 'platform/|cli/main\.cpp|tests/|bench/'
only 'onnx/|google/protobuf' 'compiler/(frontend|io)/|tests/'
only 'yaml-cpp/' 'hw_models/spec/'
exit $status
