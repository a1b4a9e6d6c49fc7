"""`python -m tlcourse.unsupervised TARGET` pre-trains on a target at full length."""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil

from tlcourse import backbones, datasets, unsupervised
from tlcourse.unsupervised.recipes import RECIPES

METHODS = ("simclr", "vicreg")


def main():
    """Train, score and keep a backbone; it goes on where it was stopped."""
    wanted = _arguments()
    task = datasets.load(wanted.target)
    backbone = backbones.load("mobilenet", source=wanted.source or None)
    before = unsupervised.knn_probe(backbone, task)
    start, way = wanted.source or "random", f"{wanted.method}_{wanted.seed}"
    name = f"mobilenet_{start}_{wanted.target}_{way}"
    print(f"{name}: {wanted.steps} steps on {len(task.train)} pictures, no labels")
    checkpoints = pathlib.Path(f"{name}.checkpoints")
    trained = getattr(unsupervised, wanted.method)(
        backbone, task.train.images, augmentations=RECIPES[wanted.target],
        steps=wanted.steps, seed=wanted.seed, checkpoints=checkpoints,
    )  # fmt: skip
    kept, draft = f"{name}.weights.h5", f"{name}.draft.weights.h5"
    trained.model.save_weights(draft)
    os.replace(draft, kept)  # a kill half-way leaves no half-written file
    shutil.rmtree(checkpoints, ignore_errors=True)
    after = unsupervised.knn_probe(trained, task)
    print(f"kNN probe {before:.3f} before, {after:.3f} after")
    print(f"In a lesson: backbone.model.load_weights({kept!r})")


def _arguments():
    parser = argparse.ArgumentParser(
        prog="python -m tlcourse.unsupervised",
        description="Pre-train a bundled backbone on a target's pictures without their "
        "labels, at full length. Stop it whenever you like: the same command goes on "
        "where it stopped. The weights are written to this folder.",
    )
    parser.add_argument("target", choices=RECIPES)
    parser.add_argument("--method", choices=METHODS, default="simclr")
    parser.add_argument(
        "--source", choices=("", *backbones.BUNDLED), default="imagenet_distilled",
        help="where training starts; '' is random weights",
    )  # fmt: skip
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
