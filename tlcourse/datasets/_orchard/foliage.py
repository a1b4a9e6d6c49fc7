"""Leaves, branches and the foliage far behind, out of focus."""

from dataclasses import dataclass

import numpy as np

from .tools import (
    SKIN_COLUMNS,
    SKIN_ROWS,
    linear,
    mix,
    skin_noise,
    smooth_noise,
    smoothstep,
)

# Colours in 0-255 as a painter would name them, turned into light where used.
YOUNG_LEAF, OLD_LEAF, AUTUMN_LEAF = (138, 168, 58), (58, 100, 38), (202, 158, 54)
VEIN, BARK = (178, 198, 120), (122, 104, 86)
SHADE, GREEN, SUNNY, SKY = (26, 46, 24), (76, 118, 42), (172, 196, 84), (196, 218, 236)
SPARKLES = ((206, 226, 116), (240, 244, 176), (222, 236, 244), (250, 224, 150))


@dataclass(frozen=True)
class Leaf:
    """One leaf, in picture units and radians.

    `foot` is where its stalk ends, `angle` where it points; `fold` is how far
    the halves lean together, `curl` how far the tip bends to the viewer.
    """

    foot: tuple
    angle: float
    length: float
    width: float
    bend: float
    fold: float
    curl: float

    @classmethod
    def grown(cls, rng, foot, angle, length):
        """Grow a leaf of about this length; the rest is chance."""
        length = float(length * rng.uniform(0.8, 1.2))
        return cls(
            foot=(float(foot[0]), float(foot[1])),
            angle=float(angle),
            length=length,
            width=length * float(rng.uniform(0.25, 0.33)),
            bend=length * float(np.clip(rng.normal(0, 0.10), -0.2, 0.2)),
            fold=float(rng.uniform(0.15, 0.6)),
            curl=float(rng.normal(0, 0.6)),
        )

    def along(self, x, y):
        """Give place along the leaf (0 to 1), place across, and half width there."""
        x, y = x - self.foot[0], y - self.foot[1]
        cos, sin = float(np.cos(self.angle)), float(np.sin(self.angle))
        u = np.clip((x * cos + y * sin) * (1 / self.length), 0, 1)
        v = (y * cos - x * sin) - (4 * self.bend) * u * (1 - u)
        # Broadest a third of the way up, round at the foot, pointed at the tip.
        return u, v, (2.6 * self.width) * np.sqrt(u) * (1 - u)

    def shadow(self, x, y):
        """Give the share of light that passes, softly 1 outside and 0 inside."""
        _, v, width = self.along(x, y)
        return smoothstep(0.05, -0.07, width - np.abs(v))

    def box(self):
        """Give left, right, bottom, top of a box that holds the leaf."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        side = self.width + abs(self.bend)
        x = sorted((self.foot[0], self.foot[0] + cos * self.length))
        y = sorted((self.foot[1], self.foot[1] + sin * self.length))
        dx, dy = side * abs(sin), side * abs(cos)
        return x[0] - dx, x[1] + dx, y[0] - dy, y[1] + dy


def paint_leaf(canvas, leaf, light, sun, rng, under=False):
    """Paint one leaf; `sun` (edge * edge,) is the dapple on the canvas."""
    tone, autumn, through = _leaf_colour(rng)
    index, x, y = canvas.window(*leaf.box())
    u, v, width = leaf.along(x, y)
    side = np.abs(v)
    # Teeth along the edge: too small to count, but the edge looks alive.
    edge = width * (1 + 0.07 * np.cos(u * 75)) - side
    keep = np.flatnonzero(edge > -canvas.step)
    index, u, v, side, edge = (a[keep] for a in (index, u, v, side, edge))
    alpha = np.clip(edge * (0.8 / canvas.step) + 0.3, 0, 1)
    # The two halves lean like the pages of an open book; the tip curls.
    lean, tilt = np.sign(v) * leaf.fold, (u - 0.5) * leaf.curl
    cos, sin = float(np.cos(leaf.angle)), float(np.sin(leaf.angle))
    nx, ny = tilt * cos + lean * sin, tilt * sin - lean * cos
    lx, ly, lz = light.direction
    facing = (nx * lx + ny * ly + lz) / np.sqrt(1 + nx * nx + ny * ny)
    facing = np.clip(facing, 0, 1) * sun[index]
    # Side veins run forward from the midrib; the midrib thins to the tip.
    ripple = np.abs((u * 8 - side * (2.2 / leaf.width)) % 1.0 - 0.5)
    vein = smoothstep(0.16, 0.02, ripple) * 0.20
    rib = smoothstep(1.0, 0.3, side / (0.012 + 0.03 * (1 - u) * leaf.length)) * 0.5
    green = mix(linear(OLD_LEAF), linear(YOUNG_LEAF), tone)
    green = mix(green, linear(AUTUMN_LEAF), autumn)[:, None]
    green = mix(green, linear(VEIN)[:, None], np.maximum(vein, rib))
    lit = green * (light.key[:, None] * facing + light.sky[:, None])
    # Light that comes through the blade is yellower than what it throws back.
    lit += green * (np.array([[1.3], [1.5], [0.4]], np.float32) * through)
    lit += light.key[:, None] * (0.10 * facing**6)
    canvas.paint(index, lit, alpha, under)


def _leaf_colour(rng):
    """Draw how young the leaf is, how far into autumn, and how backlit."""
    tone = float(rng.random()) ** 2
    autumn = float(rng.uniform(0.3, 0.8)) if rng.random() < 0.10 else 0.0
    through = float(np.clip(rng.normal(0.12, 0.22), 0.0, 0.6))
    return tone, autumn, through


def paint_branch(canvas, tip, light, sun, rng, thick=0.06, slope=0.0):
    """Paint a branch behind everything; it passes just above `tip`.

    Gives a function ``at(x)``: the point (x, y) of the branch above x.
    """
    slope, bow = slope + float(rng.normal(0, 0.2)), float(rng.normal(0, 0.10))
    thick, taper = thick * float(rng.uniform(0.8, 1.25)), float(rng.uniform(-0.3, 0.3))
    wave, swing = float(rng.uniform(0, 6.28)), float(rng.uniform(0.004, 0.02))
    top = tip[1] + thick * 0.7
    index, x, y = canvas.window(-1, 1, top - 0.8, top + 0.8)
    dx = x - tip[0]
    bumps = swing * (np.sin(dx * 5.3 + wave) + 0.4 * np.sin(dx * 12.7 + 2 * wave))
    radius = thick * (1 + taper * dx)
    across = (y - top - dx * (slope + bow * dx) - bumps) / radius
    across *= float(1 / np.hypot(1, slope))
    keep = np.flatnonzero((np.abs(across) - 1) * radius < canvas.step)
    index, dx, radius, across = (a[keep] for a in (index, dx, radius, across))
    alpha = np.clip((1 - np.abs(across)) * radius / canvas.step + 0.5, 0, 1)
    across = np.clip(across, -1, 1)
    round_ = np.sqrt(1 - across * across)
    facing = np.clip(across * light.direction[1] + round_ * light.direction[2], 0, 1)
    # Bark: streaks along the wood, borrowed from the stripes of the skin.
    row = np.clip((dx + 2) * 60, 0, SKIN_ROWS - 1).astype(np.int32)
    column = ((across + 2) * 16 + wave * 150).astype(np.int32) & (SKIN_COLUMNS - 1)
    bark = 0.55 + 0.9 * skin_noise("fine stripes").take(row * SKIN_COLUMNS + column)
    wood = linear(BARK)[:, None] * bark
    lit = wood * (light.key[:, None] * (facing * sun[index]) + light.sky[:, None])
    canvas.paint(index, lit, alpha, under=True)
    return lambda at: (at, top + (at - tip[0]) * (slope + bow * (at - tip[0])))


def backdrop(rng, x, y, warm):
    """Give foliage far out of focus, linear light (3, n, n)."""
    size = x.size
    dark, green, sunny, sky = (
        linear(c)[:, None, None] for c in (SHADE, GREEN, SUNNY, SKY)
    )
    large, small = smooth_noise(rng, 6, size), smooth_noise(rng, 11, size)
    tone = 0.62 * large + 0.38 * small + float(rng.normal(0.02, 0.08)) + 0.14 * y
    back = mix(dark, green, smoothstep(0.15, 0.65, tone))
    back = mix(back, sunny, 0.8 * smoothstep(0.52, 0.95, tone))
    # Here and there the sky shows, oftener high up.
    gap = tone + 0.2 * y + float(rng.normal(0, 0.1))
    back = mix(back, sky, 0.8 * smoothstep(0.85, 1.05, gap))
    for _ in range(rng.integers(4, 12)):
        cx, cy = float(rng.uniform(-1.1, 1.1)), float(rng.normal(0.3, 0.55))
        radius, glow = float(rng.uniform(0.06, 0.24)), float(rng.uniform(0.1, 0.45))
        hue = linear(SPARKLES[rng.integers(len(SPARKLES))])[:, None, None]
        far = ((x - cx) ** 2 + (y - cy) ** 2) * (1 / radius**2)
        # A point of light out of focus is a disc, a little brighter at its rim.
        disc = smoothstep(1.35, 0.75, far) * (0.75 + 0.25 * np.minimum(far, 1.0))
        back = back + hue * (disc * glow * (0.06 / (radius * radius + 0.03)))
    return back * warm[:, None, None]


def far_apple(back, x, y, variety, light, rng):
    """Lay a second apple of the variety, out of focus, over the backdrop."""
    cx, cy = rng.choice((-1, 1)) * rng.uniform(0.5, 1.0), rng.uniform(-0.9, 0.3)
    radius = float(rng.uniform(0.22, 0.38))
    nx = (x - float(cx)) / radius
    ny = (y - float(cy)) / (radius * (0.35 + 0.65 * variety.height))
    inside = nx * nx + ny * ny
    nz = np.sqrt(np.clip(1 - inside, 0, 1))
    red = min(1.2 * variety.cover * variety.strength, 1.0)
    colour = mix(linear(variety.ripe), linear(variety.flush), red)[:, None, None]
    facing = nx * light.direction[0] + ny * light.direction[1] + nz * light.direction[2]
    lamp = np.clip(0.3 + 0.5 * facing, 0.05, 1) * float(rng.uniform(0.4, 0.9))
    lit = colour * (light.key[:, None, None] * lamp + light.sky[:, None, None])
    return mix(back, lit, smoothstep(1.25, 0.7, inside))
