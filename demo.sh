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
# One image once more, for the waveform: it shows the weights going in and the image passing through.
build/release/cli/cimmlc run networks/lenet.onnx --arch configs/puma.yaml --batch 1 --quiet \
    --calibration "$images/calibration.npy" --input "$images/images.npy" --vcd "$out/lenet.vcd"
printf '\nreport      %s\nwaveform    %s   (gtkwave %s %s)\n' "$out/report.json" "$out/lenet.vcd" "$out/lenet.vcd" "$out/lenet.gtkw"
