#!/usr/bin/env bash
# Installs what is missing, builds, compiles the trained LeNet for the PUMA machine and runs it on the virtual platform with 64 images.
set -euo pipefail
CDPATH='' cd -- "$(dirname -- "$0")"
scripts/install_packages.sh
cmake --preset release
cmake --build --preset release --target cimmlc
out=out/demo
images=networks/fashion_mnist
mkdir -p "$out"
build/release/cli/cimmlc run networks/lenet.onnx --arch configs/puma.yaml --batch 64 \
    --calibration "$images/calibration.npy" --input "$images/images.npy" --labels "$images/labels.npy" \
    --report "$out/report.json"
printf '\nreport      %s\n' "$out/report.json"
