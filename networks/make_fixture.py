#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the Fashion-MNIST images that the tests and benchmarks read.

Without options it rewrites the committed fixture, networks/fashion_mnist/:

  images.npy       the first 64 images of the test set, in the set's own order
  labels.npy       their classes
  calibration.npy  the first 64 images of the training set (no network is
                   tested on them), from which quantisation takes its ranges

With --full DIR it writes the whole test set into DIR instead, as
test_images.npy and test_labels.npy (31 MB, not committed).

Images are float32, N x 1 x 28 x 28, in 0..1; labels are int64, N. All files
are little-endian and in C order. The same data give the same bytes.
"""

import argparse
from pathlib import Path

import numpy as np

import idx

FIXTURE_DIR = Path(__file__).resolve().parent / "fashion_mnist"
FIXTURE_SIZE = 64


def save(path, array, dtype):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.ascontiguousarray(array, dtype))
    print(f"{path}: {array.shape} {np.dtype(dtype).name}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=idx.DEFAULT_DATA_DIR, metavar="DIR",
                        help="folder of the Fashion-MNIST .gz files (default: %(default)s)")
    parser.add_argument("--output-dir", type=Path, default=FIXTURE_DIR, metavar="DIR",
                        help="where the fixture goes (default: the committed one)")
    parser.add_argument("--full", type=Path, metavar="DIR",
                        help="write the 10,000 test images into DIR and leave the fixture alone")
    args = parser.parse_args()

    images, labels = idx.load(args.data, "t10k")
    if args.full:
        save(args.full / "test_images.npy", images, "<f4")
        save(args.full / "test_labels.npy", labels, "<i8")
        return
    calibration, _ = idx.load(args.data, "train")
    save(args.output_dir / "images.npy", images[:FIXTURE_SIZE], "<f4")
    save(args.output_dir / "labels.npy", labels[:FIXTURE_SIZE], "<i8")
    save(args.output_dir / "calibration.npy", calibration[:FIXTURE_SIZE], "<f4")


if __name__ == "__main__":
    main()
