"""Small drawing tools of the orchard: soft steps, smooth noise, one canvas.

Everything is float32 and lives in three coordinate systems:

* the picture, x to the right and y up, both from -1 to 1;
* the supersampled grid of the canvas, row by row, flattened;
* linear light (twice the number is twice the light), turned into the usual
  sRGB-like numbers only at the very end, after averaging the samples.
"""

import math
from functools import cache

import numpy as np

GAMMA = 2.2  # the usual stand-in for the sRGB curve


def linear(colour):
    """Turn 0-255 picture colours into linear light, shape (..., 3)."""
    return (np.asarray(colour, np.float32) / np.float32(255.0)) ** np.float32(GAMMA)


def smoothstep(low, high, x):
    """Rise smoothly from 0 at `low` to 1 at `high` (either may be the larger)."""
    t = np.minimum(np.maximum((x - low) * (1.0 / (high - low)), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


def mix(a, b, share):
    """Blend from `a` (share 0) to `b` (share 1)."""
    return a + (b - a) * share


def dot(axis, points):
    """Dot product of one vector (3,) with many points (3, n), without BLAS."""
    return axis[0] * points[0] + axis[1] * points[1] + axis[2] * points[2]


@cache
def _spline_matrix(n_out, n_grid):
    """Cubic B-spline weights that blow `n_grid` numbers up to `n_out`."""
    # The outermost knots lie outside the picture, so the noise has no rim.
    position = 1.0 + (np.arange(n_out) + 0.5) / n_out * (n_grid - 3)
    distance = np.abs(position[:, None] - np.arange(n_grid)[None, :])
    near = 2.0 / 3.0 - distance**2 + distance**3 / 2.0
    far = np.clip(2.0 - distance, 0.0, None) ** 3 / 6.0
    return np.where(distance < 1.0, near, far).astype(np.float32)


def smooth_noise(rng, n_grid, size):
    """Blow a small random grid up to a soft field, values about 0 to 1."""
    grid = rng.random((n_grid, n_grid), dtype=np.float32)
    weights = _spline_matrix(size, n_grid)
    # einsum, not @: for so little work the threads of BLAS would only wait.
    rows = np.einsum("ik,kl->il", weights, grid)
    field = np.einsum("il,jl->ij", rows, weights)
    # Averaging neighbours narrows the spread to about half: widen it again.
    return (field - 0.5) * 2.0 + 0.5


# name -> (size of a patch down and around the apple in radians, seed)
_SKIN_FIELDS = {
    "patches": (0.45, 0.45, 1),
    "fine stripes": (0.55, 0.050, 2),
    "broad stripes": (0.60, 0.105, 3),
    "netting": (0.060, 0.060, 4),
}
SKIN_ROWS, SKIN_COLUMNS = 256, 1024


@cache
def skin_noise(name):
    """Give a random field over the skin, flattened from 256 rows x 1024 columns.

    Rows run from the stem to the calyx, columns once round the apple. The
    values are ranks from 0 to 1, so that `field < 0.3` covers 30 per cent.
    """
    down, around, seed = _SKIN_FIELDS[name]
    # White noise is blurred by a Gaussian in Fourier space, which closes the
    # field around the apple. Twice the rows: the two ends must differ.
    rows, columns = 2 * SKIN_ROWS, SKIN_COLUMNS
    white = np.random.default_rng(seed).standard_normal((rows, columns))
    per_row = np.fft.fftfreq(rows, np.pi / SKIN_ROWS)[:, None]
    per_column = np.fft.rfftfreq(columns, 2 * np.pi / columns)[None, :]
    blur = np.exp(
        -(np.pi**2) / 2 * ((per_row * down) ** 2 + (per_column * around) ** 2)
    )
    field = np.fft.irfft2(np.fft.rfft2(white) * blur, s=(rows, columns))[:SKIN_ROWS]
    ranks = np.empty(field.size, np.float32)
    ranks[np.argsort(field, axis=None)] = np.linspace(0, 1, field.size)
    ranks.setflags(write=False)  # it is shared by every picture
    return ranks


@cache
def _samples_of(edge):
    """Number the samples of a canvas (edge, edge), and give their places (edge,)."""
    line = (np.arange(edge) + 0.5) * (2.0 / edge) - 1
    return np.arange(edge * edge).reshape(edge, edge), line.astype(np.float32)


class Canvas:
    """A transparent layer that shapes are painted on, a pixel as `samples` x `samples`.

    `size` is the edge of the finished picture in pixels.
    """

    def __init__(self, size, samples):
        self.size, self.samples, self.edge = size, samples, size * samples
        self.colour = np.zeros((3, self.edge * self.edge), np.float32)
        self.alpha = np.zeros(self.edge * self.edge, np.float32)
        self.depth = np.full(self.edge * self.edge, -9.0, np.float32)
        # Width of a sample in picture units, the unit of every soft edge.
        self.step = 2.0 / self.edge
        self._grid, self._line = _samples_of(self.edge)

    def window(self, left, right, bottom, top):
        """Give flat indices and x, y of the samples inside a box."""
        columns = slice(*self._samples(left, right))
        rows = slice(*self._samples(-top, -bottom))  # rows count from the top
        index = self._grid[rows, columns]
        x = np.empty(index.shape, np.float32)
        y = np.empty(index.shape, np.float32)
        x[:], y[:] = self._line[columns], -self._line[rows, None]
        return index.ravel(), x.ravel(), y.ravel()

    def _samples(self, low, high):
        """Give the first sample between two places, and the one after the last."""
        first = min(max(math.floor((low + 1) / self.step), 0), self.edge)
        last = min(max(math.ceil((high + 1) / self.step), first), self.edge)
        return first, last

    def paint(self, index, colour, alpha, under=False):
        """Lay linear `colour` (3, n) with `alpha` (n,) over the samples `index`.

        With ``under=True`` it goes behind what is already there.
        """
        if under:
            free = alpha * (1.0 - self.alpha[index])
            self.colour[:, index] += colour * free
            self.alpha[index] += free
            return
        keep = 1.0 - alpha
        self.colour[:, index] = self.colour[:, index] * keep + colour * alpha
        self.alpha[index] = self.alpha[index] * keep + alpha

    def average(self):
        """Average the samples of each pixel: colour (3, n, n), alpha (n, n)."""
        n, s = self.size, self.samples
        planes = np.concatenate([self.colour, self.alpha[None]])
        planes = planes.reshape(4, n, s, n * s)
        planes = sum(planes[:, :, k] for k in range(s)).reshape(4, n, n, s)
        planes = sum(planes[..., k] for k in range(s)) / np.float32(s * s)
        return planes[:3], planes[3]


def develop(light):
    """Turn linear light (3, n, n) into a picture (n, n, 3), whole numbers 0-255.

    Bright light is bent towards white as film does it, so that highlights
    keep their colour; whole numbers, so that machines whose last bits differ
    give the same picture but for a rare step of 1.
    """
    light = np.maximum(light, 0.0)
    bent = light * (1.0 + light * 0.16) / (1.0 + light * 0.22 + light * light * 0.05)
    picture = np.clip(bent, 0.0, 1.0) ** np.float32(1.0 / GAMMA) * 255.0
    return np.ascontiguousarray(np.rint(picture).transpose(1, 2, 0), np.float32)


def unit(*vector):
    """Scale a vector to length 1, float32."""
    vector = np.array(vector, np.float64)
    return (vector / np.linalg.norm(vector)).astype(np.float32)
