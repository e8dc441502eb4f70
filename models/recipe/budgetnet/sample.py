"""Writes the sample that demo, tests and the worker's pass classify: a seeded permutation's first test images as PNGs,
and their truth.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from .command import parser_of, telling
from .data import load

SEED = 2019
IMAGES = 1200


def write_sample(test, folder):
    """Writes IMAGES of the `test` images, `truth.json` and `indices.json` into `folder`. Raises OSError."""
    picked = np.random.default_rng(SEED).permutation(len(test.labels))[:IMAGES]
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    truth = {}
    for number, index in enumerate(picked):
        name = f"{number:04d}.png"
        Image.fromarray(test.pixels[index]).save(images / name, optimize=True)
        truth[name] = test.classes[test.labels[index]]
    (folder / "truth.json").write_text(json.dumps(truth, indent="\t") + "\n")
    (folder / "indices.json").write_text(json.dumps([int(index) for index in picked]) + "\n")


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with telling(parser):
        write_sample(load(options.data, "test"), options.out)


if __name__ == "__main__":
    main()
