# SPDX-License-Identifier: Apache-2.0
"""Reads Fashion-MNIST in its published form: gzipped IDX files."""

import gzip
import struct
import sys
from pathlib import Path

import numpy as np

# Where Debian's package dataset-fashion-mnist puts the four files.
DEFAULT_DATA_DIR = Path("/usr/share/datasets/fashion-mnist")


def read_idx(path):
    """Returns the array of unsigned bytes stored in the IDX file `path`."""
    with gzip.open(path, "rb") as file:
        content = file.read()
    zero, dtype, rank = struct.unpack_from(">HBB", content)
    if zero != 0 or dtype != 0x08:
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{rank}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(data_dir, split):
    """Returns (images, labels) of `split`, which is "train" or "t10k" (test).

    Images are float32 of shape N x 1 x 28 x 28 in 0..1 (the byte over 255),
    with no further normalisation; labels are int64 of shape N.
    """
    data_dir = Path(data_dir)
    try:
        images = read_idx(data_dir / f"{split}-images-idx3-ubyte.gz")
        labels = read_idx(data_dir / f"{split}-labels-idx1-ubyte.gz")
    except FileNotFoundError as error:
        sys.exit(
            f"{error.filename} is missing: apt-get install dataset-fashion-mnist, "
            "or name the folder of the four .gz files with --data"
        )
    images = images[:, np.newaxis].astype(np.float32) / np.float32(255)
    return images, labels.astype(np.int64)
