#!/usr/bin/env bash
# Asks ONNX Runtime about quantised networks: is each node what the integer reference says, are the outputs, and how far is int8 from float?
# What it prints is explained in tools/judge/README.md. Exit status 1 if something is not as good as it must be.
#   judge.sh [NETWORK...]      lenet, resnet8, fr_eye, fr_landmark, fr_feature, random_SEED; all of them without it
# Needs a release build, node and npm, and Debian's python3-onnx and python3-skimage. What it fetches and makes is under build/judge.
set -euo pipefail
CDPATH='' cd -- "$(dirname -- "$0")/.."
cimmlc=${CIMMLC:-build/release/cli/cimmlc}
method=${METHOD:-mean-square}
work=build/judge
mkdir -p "$work"

if [ ! -d "$work/node_modules/onnxruntime-node" ]; then
    cp tools/judge/package.json tools/judge/package-lock.json "$work"
    (cd "$work" && npm ci --ignore-scripts --silent)
fi
if [ $# -eq 0 ]; then
    set -- lenet resnet8 fr_eye fr_landmark fr_feature random_{1..8}
fi

status=0
for name in "$@"; do
    bars=()
    case $name in
        lenet | resnet8)
            model=networks/$name.onnx
            images=networks/fashion_mnist/images.npy
            calibration=networks/fashion_mnist/calibration.npy
            bars=(--min-sqnr 30)
            ;;
        fr_*)
            networks/face/install.sh build/face
            model=build/face/$name.onnx
            images=build/face/${name}_images.npy
            calibration=build/face/${name}_calibration.npy
            case $name in
                fr_eye) bars=(--min-sqnr 18) ;;
                fr_landmark) bars=(--min-sqnr 30) ;;
                fr_feature) bars=(--min-sqnr 16 --min-cosine 0.985) ;;
            esac
            ;;
        random_*)
            /usr/bin/python3 tools/judge/make_network.py "${name#random_}" "$work"
            model=$work/$name.onnx
            images=$work/${name}_images.npy
            calibration=$work/${name}_calibration.npy
            # Averages of few values at the scale of their input often lie half way between two steps; float32 then decides by chance.
            bars=(--agreement 25)
            ;;
        *)
            echo "no network '$name'; there are lenet, resnet8, fr_eye, fr_landmark, fr_feature and random_SEED" >&2
            exit 2
            ;;
    esac
    "$cimmlc" reference "$model" --input "$images" --calibration "$calibration" --calibration-method "$method" \
        --output "$work/$name" --emit-qdq "$work/$name.qdq.onnx" >/dev/null
    node tools/judge/judge.mjs "$work" "$model" "$work/$name.qdq.onnx" "$images" "$work/$name" "${bars[@]}" || status=1
done
exit $status
