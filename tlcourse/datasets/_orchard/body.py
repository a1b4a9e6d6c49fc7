"""The body of an apple: where each ray meets it and how the skin faces there.

The body is a surface of revolution around the core, with a cavity at the stem
and a basin at the calyx, slightly ribbed. In its own units the apple is about
1 wide from the core to the side. Rays come straight along z, so one Newton
search per sample finds where they meet the skin.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .tools import dot

TABLE = 8192  # entries of the profile, even in the cosine of the polar angle


@dataclass(frozen=True)
class Pose:
    """Where the apple hangs or stands, and how it is turned.

    `x`, `y` (of the core's middle) and `radius` (of the widest part) are in
    picture units, the angles in radians: `pitch` leans the stem towards the
    viewer, `roll` to the left, `spin` turns the apple around its core.
    """

    x: float
    y: float
    radius: float
    pitch: float
    roll: float
    spin: float

    def axes(self):
        """Give the rows of the rotation from the picture to the apple, (3, 3)."""
        cp, sp = np.cos(self.pitch), np.sin(self.pitch)
        cr, sr = np.cos(self.roll), np.sin(self.roll)
        core = np.array([-sr * cp, cr * cp, sp])
        side = np.array([cr, sr, 0.0])
        front = np.cross(side, core)
        cs, ss = np.cos(self.spin), np.sin(self.spin)
        rows = [cs * side + ss * front, cs * front - ss * side, core]
        return np.array(rows, np.float32)


@lru_cache(maxsize=1)
def _polar():
    """For every entry: sine and cosine to the power 2.4, the taper, two hollows."""
    cosine = np.linspace(-1, 1, TABLE)
    sine = np.sqrt(1 - cosine**2)
    # Wide at the lip and narrow at the bottom, like the bell of a trumpet.
    cavity = 0.24 * np.exp((cosine - 1) / 0.09) + 0.18 * np.exp((cosine - 1) / 0.018)
    basin = np.exp((-1 - cosine) / 0.055)
    parts = sine**2.4, np.abs(cosine) ** 2.4, sine * cosine, cavity, basin
    return tuple(np.float32(part) for part in parts)


def profile(variety):
    """Give the radius for each cosine of the polar angle, and its slope.

    A rounded box (a superellipse with exponent 2.4) gives the shoulders, a
    taper narrows it towards the calyx, then the two hollows are taken away.
    """
    across, along, taper, cavity, basin = _polar()
    half = np.float32(variety.height)
    radius = (across + along / half**2.4) ** np.float32(-1 / 2.4)
    # The taper moves width from below to above without changing the height.
    radius *= 1.0 + variety.taper * taper
    radius -= half * (cavity + variety.basin * basin)
    slope = np.gradient(radius, 2.0 / (TABLE - 1)).astype(np.float32)
    return radius, np.clip(slope, -12.0, 12.0)


class Body:
    """The visible skin of one apple, one entry for each of n samples that it covers.

    `index` are the samples on the canvas, and `cover` says how far each is covered.
    `x`, `y`, `z` are the point on the skin in apple units, axes as in the picture;
    `point` (3, n) is the same in the apple's own frame, core upright. `normal` (3, n)
    is where the skin faces, axes as in the picture; `polar` the angle from the stem,
    `cosine` its cosine, `azimuth` the angle around the core, in radians.
    """

    def __init__(self, canvas, variety, pose):
        self.variety, self.pose, self.axes = variety, pose, pose.axes()
        self.radius, self.slope = profile(variety)
        reach = float(self.radius.max()) * 1.03  # no rib stands further out
        size = reach * pose.radius
        index, x, y = canvas.window(
            pose.x - size, pose.x + size, pose.y - size, pose.y + size
        )
        x, y = (x - pose.x) * (1 / pose.radius), (y - pose.y) * (1 / pose.radius)
        inside = np.flatnonzero(x * x + y * y < reach * reach)
        index, x, y = index[inside], x[inside], y[inside]
        sample = canvas.step / pose.radius
        z, gap = self._meet(x, y, reach, 0.2 * sample)
        # A ray that misses by less than a sample still gets some of the skin.
        cover = np.clip(1.2 - gap / sample, 0, 1)
        hit = np.flatnonzero(cover > 0)
        self.index, self.cover = index[hit], cover[hit]
        self.x, self.y, self.z = x[hit], y[hit], z[hit]
        self._look()

    def _meet(self, x, y, reach, enough):
        """Find the depth where the rays through x, y meet the skin, and the gap left.

        A positive gap (in apple units) is a ray that misses; a gap below `enough`
        is none.
        """
        far = np.sqrt(np.maximum(reach * reach - x * x - y * y, 0.0))
        z, _, smooth = self._step(x, y, far, turns=6, ribbed=False)
        z, gap, closest = self._step(x, y, z, turns=2)
        closest = np.minimum(closest, smooth)
        # Rays that graze the skin come in slowly: start those again, with care.
        grazing = closest < 0.02 + self.variety.ribs
        late = np.flatnonzero((np.abs(gap) > enough) & grazing)
        z[late], gap[late] = self._creep(x[late], y[late], far[late])
        return z, gap

    def _gap(self, x, y, z, ribbed=True):
        """Give how far a point is outside the skin, then r, cosine and entry there."""
        core = self.axes[2]
        r = np.sqrt(x * x + y * y + z * z)
        cosine = (x * core[0] + y * core[1] + z * core[2]) / r
        entry = _entry(cosine)
        gap = r - self.radius.take(entry, mode="clip")
        if ribbed:
            height, five_cos = self._ribs(x, y, z, r, cosine)[:2]
            gap -= height * five_cos
        return gap, r, cosine, entry

    def _step(self, x, y, z, turns, ribbed=True):
        """Take Newton steps along z; give z, the last gap and the smallest."""
        closest = np.float32(9.0)
        for _ in range(turns):
            gap, r, cosine, entry = self._gap(x, y, z, ribbed)
            closest = np.minimum(closest, gap)
            front = z / r
            slope = self.slope.take(entry, mode="clip")
            fall = front - slope * (self.axes[2, 2] - cosine * front) / r
            # A bounded step: a ray that grazes the rim must not jump through.
            z = z - (gap / np.maximum(fall, 0.3)).clip(-0.2, 0.35)
        return z, gap, closest

    def _creep(self, x, y, z, turns=14):
        """Walk in along z in short steps, then halve the way between out and in."""
        outside, inside = z, np.full_like(z, np.nan)
        closest = np.full_like(z, 9.0)
        for _ in range(turns):
            gap = self._gap(x, y, z)[0]
            closest = np.minimum(closest, gap)
            out = gap > 0
            outside = np.where(out, z, outside)
            inside = np.where(out, inside, z)
            # Hardly any skin rises faster than 1 to 1 towards the viewer.
            ahead = z - (gap * 0.9).clip(0.04, 0.4)
            z = np.where(np.isnan(inside), ahead, 0.5 * (outside + inside))
        met = ~np.isnan(inside)
        # Still on its way over a lip, before the middle: it will meet the far side.
        gap = np.where(met | (z > 0.05), 0.0, closest)
        return np.where(met, inside, z), gap

    def _ribs(self, x, y, z, r, cosine):
        """Five ribs, one for each seed chamber: height, cosine, sine, direction."""
        a, b = self.axes[:2]
        u = x * a[0] + y * a[1] + z * a[2]
        v = x * b[0] + y * b[1] + z * b[2]
        flat = np.sqrt(u * u + v * v) + np.float32(1e-4)
        c, s = u / flat, v / flat
        c2 = c * c
        five_cos = c * (16 * c2 * c2 - 20 * c2 + 5)
        five_sin = s * (16 * c2 * c2 - 12 * c2 + 1)
        # Ribs grow towards the calyx and fade out on the core itself.
        low = (0.62 - 0.38 * cosine) ** 2 * np.minimum(flat / r * 2.2, 1.0)
        return self.variety.ribs * low, five_cos, five_sin, c, s, flat

    def _look(self):
        """Work out the normal and the angles of every visible point."""
        x, y, z = points = np.array([self.x, self.y, self.z])
        a, b, core = self.axes
        r = np.sqrt(x * x + y * y + z * z)
        cosine = np.clip(dot(core, points) / r, -1.0, 1.0)
        # Between two entries, or the hollows would glitter.
        entry = _entry(cosine)
        share = cosine * (TABLE / 2 - 0.5) + (TABLE / 2 - 0.5) - entry
        left, right = (self.slope.take(entry + k, mode="clip") for k in (0, 1))
        slope = left + (right - left) * share
        ribs, _, five_sin, c, s, flat = self._ribs(x, y, z, r, cosine)
        # The gradient of  r - radius(cosine) - ribs * cos(5 azimuth).
        outward = (1.0 + slope * cosine / r) / r
        twist = 5.0 * ribs * five_sin / flat
        normal = points * outward - core[:, None] * (slope / r)
        normal += b[:, None] * (twist * c) - a[:, None] * (twist * s)
        self.normal = normal / np.sqrt((normal * normal).sum(axis=0))
        self.cosine = cosine
        self.polar, self.azimuth = np.arccos(cosine), np.arctan2(s, c)
        self.point = np.array([dot(axis, points) for axis in self.axes])


def _entry(cosine):
    """Give the entry of the profile for a cosine."""
    return (cosine * (TABLE / 2 - 0.5) + (TABLE / 2 - 0.5)).astype(np.int32)
