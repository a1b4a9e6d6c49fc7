"""What the drawn data sets share: sampling of many pictures at once, and a cache."""

from __future__ import annotations

import contextlib
import pathlib
import tempfile

import numpy as np

from tlcourse.resources import cache_folder


def drawn_once(name, key, draw):
    """Give drawings from the user's cache, or else draw them and keep them there.

    ``draw()`` gives a dict of arrays; ``key``, a hash of all that they rest on, keeps
    old ones from being given. Of each ``name`` one version is kept.

    joblib.Memory would print a traceback for a damaged file, and fail where nothing
    can be written; the checksums of a zip file also find pixels that have changed.
    """
    folder = cache_folder("drawings")
    path = folder / f"{name}-{key}.npz"
    with contextlib.suppress(Exception):  # there is none, or it is damaged
        with np.load(path) as kept:
            return dict(kept)
    drawings = draw()
    with contextlib.suppress(OSError):  # nowhere to keep them: drawn again next time
        folder.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(dir=folder, prefix=f"{name}-", delete=False)
        draft = pathlib.Path(file.name)
        try:
            with file:
                np.savez(file, **drawings)
            draft.replace(path)  # in one move, when it is whole
        finally:
            draft.unlink(missing_ok=True)
        for older in folder.glob(f"{name}-*"):  # and drafts that a kill has left
            if older != path:
                older.unlink()
    return drawings


def resize_matrix(source, target):
    """Matrix (target, source) that resizes a line of pixels by triangular weights.

    ``m @ image @ m.T`` enlarges a picture just as ``keras.ops.image.resize``
    does; when it makes one smaller it averages, so that nothing flickers.
    """
    step = source / target
    where = ((np.arange(target) + 0.5) * step - 0.5).clip(0, source - 1)
    reach = np.abs(where[:, None] - np.arange(source)) / max(step, 1)
    weights = (1 - reach).clip(0)
    return (weights / weights.sum(1, keepdims=True)).astype("float32")


def sample_bilinear(images, rows, columns):
    """Read pictures (n, h, w, c) at fractional positions; outside they are 0.

    ``rows`` and ``columns`` are pixels, (n, h2, w2); gives float32 (n, h2, w2, c).
    """
    read = np.empty((*rows.shape, images.shape[-1]), "float32")
    for start in range(0, len(images), 100):  # all at once would take a gigabyte
        part = slice(start, start + 100)
        read[part] = _sample(images[part], rows[part], columns[part])
    return read


def _sample(images, rows, columns):
    n, height, width, channels = images.shape
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2), (0, 0)))
    rows = rows.clip(-1, height) + 1
    columns = columns.clip(-1, width) + 1
    top, left = rows.astype("int32"), columns.astype("int32")
    down = (rows - top).astype("float32")[..., None]
    right = (columns - left).astype("float32")[..., None]
    stride = width + 3
    first = (np.arange(n)[:, None, None] * (height + 3) + top) * stride + left
    flat = padded.reshape(-1, channels)
    upper = flat[first] * (1 - right) + flat[first + 1] * right
    first += stride
    lower = flat[first] * (1 - right) + flat[first + 1] * right
    return upper * (1 - down) + lower * down


def move(n, size, rng):
    """Where to read pixels from so that n pictures are turned, scaled and moved.

    Gives rows and columns, (n, size, size) each.
    """
    line = np.linspace(-1, 1, size, dtype="float32")
    y, x = np.meshgrid(line, line, indexing="ij")
    angle = rng.uniform(-np.pi, np.pi, (n, 1, 1))
    factor = rng.uniform(0.7, 1.2, (n, 1, 1))
    flip = rng.choice([-1.0, 1.0], (n, 1, 1))
    right, down = rng.uniform(-0.1, 0.1, (2, n, 1, 1))
    cos, sin = np.cos(angle) / factor, np.sin(angle) / factor
    columns = flip * (cos * x + sin * y + right)
    rows = -sin * x + cos * y + down
    return (rows + 1) * (size - 1) / 2, (columns + 1) * (size - 1) / 2


def noise_background(n, size, rng):
    """Blend two random colours by noise that is coarse in some, fine in others."""
    blend = np.zeros((n, size, size), "float32")
    for cells in (2, 4, 8, 16, 32):
        grow = resize_matrix(cells, size)
        noise = rng.uniform(0, 1, (n, cells, cells)).astype("float32")
        weight = rng.uniform(0, 1, (n, 1, 1)).astype("float32") ** 2
        blend += weight * (grow @ noise @ grow.T)
    low, high = blend.min((1, 2), keepdims=True), blend.max((1, 2), keepdims=True)
    blend = ((blend - low) / (high - low + 1e-6))[..., None]
    first, second = rng.uniform(0, 255, (2, n, 1, 1, 3)).astype("float32")
    return first + (second - first) * blend
