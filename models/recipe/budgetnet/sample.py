"""Writes the sample that demo, tests and the worker's pass classify: a seeded permutation's first test images as PNGs,
and their truth.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from .data import load

SEED = 2019
IMAGES = 1200


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    test = load(options.data, "test")
    picked = np.random.default_rng(SEED).permutation(len(test.labels))[:IMAGES]
    images = options.out / "images"
    images.mkdir(parents=True, exist_ok=True)
    truth = {}
    for number, index in enumerate(picked):
        name = f"{number:04d}.png"
        Image.fromarray(test.pixels[index]).save(images / name, optimize=True)
        truth[name] = test.classes[test.labels[index]]
    (options.out / "truth.json").write_text(json.dumps(truth, indent="\t") + "\n")
    (options.out / "indices.json").write_text(json.dumps([int(index) for index in picked]) + "\n")


if __name__ == "__main__":
    main()
