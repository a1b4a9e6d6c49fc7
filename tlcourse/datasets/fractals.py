"""Pictures that no camera took: fractals of iterated function systems.

A class is one system, a handful of affine maps of the plane. Its pictures differ
in the maps' exact numbers, in position, in colour and in the background.

References
----------
Kataoka et al. (2020), Pre-training without Natural Images.
Anderson & Farrell (2022), Improving Fractal Pre-training.
"""

from __future__ import annotations

import functools

import numpy as np

from tlcourse.datasets.drawing import move, noise_background, sample_bilinear

SIZE = 64
SYSTEMS = 40  # classes of the data set
VARIANTS = 6  # point clouds of one class, each from slightly different maps
_SPLITS = {"train": (30, (0, 1, 2, 3)), "val": (5, (4,)), "test": (10, (5,))}
_MAPS = 4  # the most maps that a system may have
_FILL = (0.12, 0.75)  # share of the frame that a system must cover


def _random_system(rng):
    """Draw maps x -> A x + b by the recipe of Anderson & Farrell (2022).

    Gives A (maps, 2, 2) and b (maps, 2).
    """
    n = rng.integers(2, _MAPS + 1)
    # Singular values below 1 make every map a contraction; their weighted sum
    # decides whether the picture is dust, lace or a blot.
    target = rng.uniform((5 + n) / 2, (6 + n) / 2)
    while True:
        singular = np.sort(rng.uniform(0, 1, (n, 2)))[:, ::-1]
        singular *= target / (singular[:, 0] + 2 * singular[:, 1]).sum()
        if singular.max() < 1:
            break
    left, right = rng.uniform(-np.pi, np.pi, (2, n))
    signs = rng.choice([-1, 1], (n, 1, 2))
    maps = _rotation(left) * singular[:, None] @ _rotation(right) * signs
    return maps, rng.uniform(-1, 1, (n, 2))


def _rotation(angle):
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)


def _play(systems, rng, points=400, steps=80, settle=15):
    """Play the chaos game on many systems at once.

    Gives how densely the points lie, one layer for each map that was used last:
    float32 (systems, SIZE, SIZE, _MAPS) in 0-1.
    """
    n = len(systems)
    maps = np.zeros((n, _MAPS, 2, 2))
    shifts = np.zeros((n, _MAPS, 2))
    chance = np.zeros((n, _MAPS))
    for i, (a, b) in enumerate(systems):
        maps[i, : len(a)], shifts[i, : len(a)] = a, b
        chance[i, : len(a)] = np.abs(np.linalg.det(a)) + 0.05
    chance = np.cumsum(chance / chance.sum(1, keepdims=True), 1)
    where, rows = np.zeros((n, points, 2)), np.arange(n)[:, None]
    tracks, used = [], []
    for step in range(settle + steps):
        draw = rng.random((n, points, 1))
        last = np.minimum((draw > chance[:, None]).sum(-1), _MAPS - 1)
        where = (maps[rows, last] @ where[..., None])[..., 0] + shifts[rows, last]
        if step >= settle:
            tracks.append(where)
            used.append(last)
    tracks, used = np.concatenate(tracks, 1), np.concatenate(used, 1)
    low = np.percentile(tracks, 1, axis=1, keepdims=True)
    high = np.percentile(tracks, 99, axis=1, keepdims=True)
    span = (high - low).max(-1, keepdims=True) + 1e-9
    pixel = ((tracks - (low + high) / 2) / span * 0.9 + 0.5) * SIZE
    inside = ((pixel >= 0) & (pixel < SIZE)).all(-1)
    x, y = np.moveaxis(pixel.clip(0, SIZE - 1).astype(int), -1, 0)
    cell = ((rows * _MAPS + used) * SIZE + y) * SIZE + x
    counts = np.bincount(cell[inside], minlength=n * _MAPS * SIZE * SIZE)
    counts = counts.reshape(n, _MAPS, SIZE, SIZE).transpose(0, 2, 3, 1)
    return 1 - np.exp(-counts.astype("float32") / 3)


@functools.cache
def systems(count):
    """Find so many systems worth looking at, always the same ones; list of (A, b)."""
    rng = np.random.default_rng(2020)
    kept = []
    while len(kept) < count:
        batch = [_random_system(rng) for _ in range(64)]
        cover = (_play(batch, rng, 200, 40).max(-1) > 0.1).mean((1, 2))
        good = (cover > _FILL[0]) & (cover < _FILL[1])
        kept += [system for system, keep in zip(batch, good, strict=True) if keep]
    return kept[:count]


@functools.cache
def clouds(count):
    """Play each class's system in ``VARIANTS`` slightly different versions.

    Gives float32 (count, VARIANTS, 64, 64, 4) in 0-1.
    """
    rng = np.random.default_rng(2022)
    played = []
    for maps, shifts in systems(count):
        near = [
            (maps * rng.uniform(0.92, 1.05, maps.shape), shifts)
            for _ in range(VARIANTS)
        ]
        played.append(_play(near, rng))
    return np.stack(played)


def draw(labels, rng, count, variants=range(VARIANTS)):
    """Draw one picture a label, of the first ``count`` systems in some ``variants``.

    Gives float32 (n, 64, 64, 3) in 0-255.
    """
    n = len(labels)
    cloud = clouds(count)[labels, rng.choice(list(variants), n)]
    rows, columns = move(n, SIZE, rng)
    cloud = sample_bilinear(cloud, rows, columns)
    picture = noise_background(n, SIZE, rng)
    for k in range(_MAPS):
        ink = rng.uniform(0, 255, (n, 1, 1, 3)).astype("float32")
        picture += (ink - picture) * cloud[..., k : k + 1]
    return picture.clip(0, 255)


def make():
    """Draw the data set: 40 classes with 30, 5 and 10 pictures each.

    Each split is drawn from versions of the systems that the others do not use.
    """
    splits = {}
    for split, (each, variants) in _SPLITS.items():
        labels = np.repeat(np.arange(SYSTEMS), each)
        rng = np.random.default_rng(list(split.encode()))
        splits[split] = (draw(labels, rng, SYSTEMS, variants), labels)
    return {"classes": tuple(f"system {i}" for i in range(SYSTEMS)), **splits}
