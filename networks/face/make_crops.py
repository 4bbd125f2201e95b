#!/usr/bin/env python3
"""Crops of a face as the face networks want them: 16 for calibration and 20 others for each network.

    make_crops.py DIR     DIR/fr_NAME_calibration.npy, DIR/fr_NAME_images.npy

The photograph is scikit-image's astronaut (Eileen Collins, NASA, public domain). Crop, size and scaling of the values are those of the
package's own code (lib/fr_eye.js, lib/fr_landmark.js, lib/fr_feature.js). Each crop is shifted, scaled, turned, mirrored and lit
differently, from a fixed seed.
"""
import os
import sys

import numpy as np
import skimage
import skimage.io

# Where things are in the photograph, in pixels.
FACE = (180.0, 76.0, 270.0, 180.0)  # left, top, right, bottom
EYES = ((204.0, 101.0), (247.0, 103.0))
NOSE = (224.0, 126.0)
EYE_WIDTH = 19.5  # corner to corner

# lib/fr_feature.js moves the eyes and the nose to these places of 112 x 112.
REFERENCE = ((38.29459953, 51.69630051), (73.53179932, 51.50139999), (56.02519989, 71.73660278))


def sample(image, x, y):
    """Bilinear, the border repeated; x and y hold a coordinate for each pixel of the result."""
    height, width = image.shape[:2]
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    left, top = x.astype(int), y.astype(int)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    upper = image[top, left] * (1 - fx) + image[top, left + 1] * fx
    lower = image[top + 1, left] * (1 - fx) + image[top + 1, left + 1] * fx
    return upper * (1 - fy) + lower * fy


def grid(size):
    y, x = np.mgrid[0:size, 0:size].astype(float)
    return x, y


def gray(pixels):
    """cv.COLOR_BGR2GRAY on an image that cv.imread of OpenCV.js gives as RGBA: red counts as blue."""
    return (pixels @ np.array([0.114, 0.587, 0.299]))[..., None]


class Jitter:
    """How one crop differs from the plain one."""

    def __init__(self, random):
        self.shift = random.uniform(-0.06, 0.06, 2)
        self.scale = random.uniform(0.88, 1.15)
        self.angle = random.uniform(-0.15, 0.15)
        self.mirror = random.random_sample() < 0.5
        self.contrast = random.uniform(0.7, 1.2)
        self.light = random.uniform(-25, 25)

    def place(self, x, y, size):
        """Where in the plain crop of `size` pixels the pixels of this one are."""
        centre = (size - 1) / 2
        u, v = (x - centre) / self.scale, (y - centre) / self.scale
        if self.mirror:
            u = -u
        c, s = np.cos(self.angle), np.sin(self.angle)
        return centre + c * u - s * v + self.shift[0] * size, centre + s * u + c * v + self.shift[1] * size

    def shade(self, pixels):
        return np.clip(np.rint((pixels - 127) * self.contrast + 127 + self.light), 0, 255)


def square_crop(photograph, centre, width, height, size, jitter):
    """The part of the photograph around `centre`, resized as cv.resize does."""
    x, y = jitter.place(*grid(size), size)
    left, top = centre[0] - width / 2, centre[1] - height / 2
    return jitter.shade(sample(photograph, left + (x + 0.5) * width / size - 0.5, top + (y + 0.5) * height / size - 0.5))


def eye(photograph, number, jitter):
    width = EYE_WIDTH * 1.6  # padding_rate
    return gray(square_crop(photograph, EYES[number % 2], width, width, 24, jitter)) / 255.0


def landmark(photograph, _number, jitter):
    left, top, right, bottom = FACE
    centre = ((left + right) / 2, (top + bottom) / 2)
    return gray(square_crop(photograph, centre, right - left, bottom - top, 64, jitter)) / 256.0


def feature(photograph, _number, jitter):
    target = np.column_stack([np.array(REFERENCE), np.ones(3)])
    to_photograph = np.linalg.solve(target, np.array([*EYES, NOSE]))
    x, y = jitter.place(*grid(112), 112)
    place = np.stack([x, y, np.ones_like(x)], axis=-1) @ to_photograph
    return (jitter.shade(sample(photograph, place[..., 0], place[..., 1])) - 127) / 128.0


def main():
    folder = sys.argv[1]
    photograph = skimage.io.imread(os.path.join(skimage.data_dir, "astronaut.png")).astype(float)
    for name, crop in (("fr_eye", eye), ("fr_landmark", landmark), ("fr_feature", feature)):
        for part, count, seed in (("calibration", 16, 1), ("images", 20, 2)):
            random = np.random.RandomState(seed)
            crops = [crop(photograph, n, Jitter(random)) for n in range(count)]
            images = np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2), dtype=np.float32)
            np.save(os.path.join(folder, f"{name}_{part}.npy"), images)


if __name__ == "__main__":
    main()
