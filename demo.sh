#!/usr/bin/env bash
# Installs what is missing, builds, compiles the trained LeNet for the PUMA machine and runs it on the virtual platform with 64 images.
set -euo pipefail
cd "$(dirname "$0")"
scripts/install_packages.sh
cmake --preset release -DCIM_BENCH=OFF -DBUILD_TESTING=OFF -B build/demo
cmake --build build/demo --target cimmlc
mkdir -p out/demo
images=networks/fashion_mnist
build/demo/cli/cimmlc run networks/lenet.onnx --arch configs/puma.yaml \
    --calibration $images/calibration.npy --input $images/images.npy --labels $images/labels.npy \
    --report out/demo/report.json
