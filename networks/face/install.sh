#!/usr/bin/env bash
# Fetches trained face networks (npm, faceplugin-face-recognition-js 0.0.1, MIT) and makes crops of photographs to run them on.
#   install.sh [DIR]      DIR: where they go (build/face of the tree without it)
# Afterwards DIR holds fr_eye.onnx, fr_landmark.onnx, fr_feature.onnx and, for each, NAME_calibration.npy and NAME_images.npy.
set -euo pipefail
here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
dir=${1:-$here/../../build/face}
package=faceplugin-face-recognition-js@0.0.1
mkdir -p -- "$dir"
cd -- "$dir"

if ! sha256sum --quiet --check "$here/sha256sums" >/dev/null 2>&1; then
    archive=$(npm pack --silent "$package")
    tar -xzf "$archive" --strip-components=2 package/model/fr_eye.onnx package/model/fr_landmark.onnx package/model/fr_feature.onnx
    tar -xzf "$archive" --strip-components=1 package/LICENSE
    rm -- "$archive"
    sha256sum --quiet --check "$here/sha256sums"
fi
python=/usr/bin/python3 # Debian's, for which python3-skimage is installed
if ! "$python" -c 'import numpy, skimage' 2>/dev/null; then
    echo "The crops need NumPy and the photographs of scikit-image: apt-get install python3-skimage" >&2
    exit 1
fi
"$python" "$here/make_crops.py" .
