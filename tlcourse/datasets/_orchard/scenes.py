"""The two places where apples are looked at: the studio and the orchard."""

import numpy as np

from .body import Pose
from .foliage import Leaf, backdrop, far_apple, paint_branch, paint_leaf
from .skin import Light, individual, paint_apple, paint_stem
from .tools import Canvas, develop, linear, mix, smooth_noise, smoothstep, unit

SIZE = 64  # pixels, both ways
SAMPLES = 2  # along each edge of a pixel; the outlines are soft by themselves


def studio(variety, rng):
    """Draw one apple standing on plain paper, under one large soft lamp."""
    fruit = individual(variety, rng)
    side = float(rng.choice((-1.0, 1.0)))
    pose = Pose(
        x=float(rng.normal(0, 0.06)),
        y=float(rng.normal(0.03, 0.04)),
        radius=float(rng.uniform(0.54, 0.70)),
        pitch=float(rng.uniform(0.15, 0.80)),
        roll=float(rng.normal(0, 0.14)),
        spin=float(rng.uniform(0, 2 * np.pi)),
    )
    # Sheets from white to slate, most of them pale, all of them quiet in colour.
    shade = 250.0 - 150.0 * float(rng.random()) ** 2
    paper = linear(np.clip(shade + rng.normal(0, 9, 3), 20, 252))
    # A lamp a little warmer or colder than daylight, as cameras find it.
    lamp = np.array([1.06, 1.03, 0.98]) + np.array([0.10, 0.0, -0.13]) * rng.normal()
    light = Light(
        direction=unit(side * rng.uniform(0.2, 0.7), rng.uniform(0.5, 0.85), 0.75),
        key=(lamp * rng.uniform(0.8, 1.1)).astype(np.float32),
        sky=np.array([0.34, 0.35, 0.38], np.float32),  # the walls, a third as bright
        ground=0.34 * paper,  # the paper lights the apple from below
        window=0.965,
        shine=1.0,
    )
    canvas = Canvas(SIZE, SAMPLES)
    body = paint_apple(canvas, fruit, pose, light, rng)
    paint_stem(canvas, body, light, rng, float(rng.uniform(0.28, 0.6)))
    colour, alpha = canvas.average()
    back = _paper(paper, side) * _contact_shadow(body, colour, alpha, side)
    return develop(colour + back * (1 - alpha))


def _grid():
    """Give the x (1, n) and y (n, 1) of the middle of each pixel."""
    line = ((np.arange(SIZE) + 0.5) * (2.0 / SIZE) - 1).astype(np.float32)
    return line[None, :], -line[:, None]


def _paper(paper, side):
    """A sheet of paper that curves up behind the apple, brighter near the lamp."""
    x, y = _grid()
    glow = 1.02 - 0.09 * ((x - side * 0.3) ** 2 + (y - 0.5) ** 2)
    table = smoothstep(-0.1, -0.9, y)
    return paper[:, None, None] * (glow * mix(0.95, 1.06, table))


def _contact_shadow(body, colour, alpha, side):
    """Share of light on the paper: a wide soft shadow and a dark line of contact."""
    x, y = _grid()
    r = body.pose.radius
    foot = float(body.y.min()) * r + body.pose.y
    x, y = (x - body.pose.x) / r, (y - foot) / r
    # The shadow falls away from the lamp.
    wide = np.exp(-(((x + side * 0.28) / 0.95) ** 2 + ((y - 0.10) / 0.24) ** 2))
    tight = np.exp(-(((x + side * 0.04) / 0.50) ** 2 + ((y - 0.05) / 0.085) ** 2))
    # A red apple throws a little red into its own shadow.
    mean = colour.sum(axis=(1, 2)) / alpha.sum()
    tint = 1.15 - 0.3 * mix(np.float32(1), mean / mean.max(), 0.25)[:, None, None]
    return 1 - (0.44 * wide + 0.46 * tight) * tint


def orchard(variety, rng):
    """Draw one apple on its branch, leaves before and behind, sun in patches."""
    fruit = individual(variety, rng)
    pose = Pose(
        x=float(rng.normal(0, 0.12)),
        y=float(rng.normal(-0.14, 0.09)),
        radius=float(rng.uniform(0.46, 0.70)),
        pitch=float(rng.uniform(-0.35, 0.75)),
        roll=float(np.clip(rng.normal(0, 0.25), -0.5, 0.5)),
        spin=float(rng.uniform(0, 2 * np.pi)),
    )
    light, warm = _daylight(rng)
    canvas = Canvas(SIZE, SAMPLES)
    # Gaps in the crown let the sun through in patches.
    gaps = smoothstep(0.18, 0.58, smooth_noise(rng, 8, canvas.edge))
    sun = (0.20 + 0.80 * gaps).ravel()
    front = _front_leaves(pose, rng)
    shadow = _shadow(canvas.edge, sun, front, light.direction, pose.radius)
    body = paint_apple(canvas, fruit, pose, light, rng, shadow)
    tip = paint_stem(canvas, body, light, rng, float(rng.uniform(0.4, 0.75)))
    branch = paint_branch(canvas, tip, light, sun, rng)
    for _ in range(rng.integers(2, 6)):
        foot = branch(float(rng.uniform(-1, 1)))
        leaf = Leaf.grown(rng, foot, rng.uniform(-2.9, -0.25), 0.66)
        paint_leaf(canvas, leaf, light, sun, rng, under=True)
    if rng.random() < 0.4:  # a thinner twig further back
        low = (tip[0], tip[1] - float(rng.uniform(0.1, 0.7)))
        paint_branch(canvas, low, light, 0.5 * sun, rng, 0.035, rng.normal(0, 0.5))
    for leaf in front:
        paint_leaf(canvas, leaf, light, sun, rng)
    x, y = _grid()
    back = backdrop(rng, x, y, warm)
    if rng.random() < 0.4:
        back = far_apple(back, x, y, fruit, light, rng)
    colour, alpha = canvas.average()
    return develop(colour + back * (1 - alpha))


def _daylight(rng):
    """Give the light of some hour, from a clear noon to a warm evening."""
    evening = float(rng.random())
    warm = mix(np.array([1.0, 1.02, 0.98]), np.array([1.22, 1.0, 0.68]), evening)
    warm = (warm * rng.uniform(0.85, 1.25)).astype(np.float32)
    side = float(rng.choice((-1.0, 1.0)))
    direction = unit(
        side * rng.uniform(0.3, 0.8), rng.uniform(0.35, 0.9), rng.uniform(0.4, 0.8)
    )
    sky = np.array([0.27, 0.32, 0.36], np.float32) * float(rng.uniform(0.7, 1.2))
    light = Light(
        direction=direction,
        key=1.38 * warm,
        sky=sky,
        ground=np.array([0.13, 0.19, 0.07], np.float32),  # grass and leaves
        window=0.985,
        shine=0.9,
    )
    return light, warm


def _front_leaves(pose, rng):
    """Give up to two leaves that hang over the edge of the apple, not its middle."""
    leaves = []
    for _ in range(rng.integers(0, 3)):
        turn = rng.uniform(0.2, 2.94)  # from above or from a side
        foot = (
            pose.x + pose.radius * 1.25 * np.cos(turn),
            pose.y + pose.radius * 1.25 * np.sin(turn),
        )
        aside = rng.choice((-1, 1)) * rng.uniform(0.45, 1.1)
        leaves.append(Leaf.grown(rng, foot, turn + np.pi + aside, 1.15 * pose.radius))
    return leaves


def _shadow(edge, sun, leaves, direction, radius):
    """Give the function that `paint_apple` asks for the light at a point."""
    # How far a shadow slides for each unit of depth; a low sun would slide for ever.
    slide = np.clip(direction[:2] / direction[2], -1.2, 1.2) * 0.35
    dx, dy = float(slide[0]), float(slide[1])

    def reach(x, y, z):
        below = 1.05 * radius - z  # the front leaves hang just before the apple
        x, y = x + dx * below, y + dy * below
        column = np.clip((x + 1) * (edge / 2), 0, edge - 1).astype(np.int32)
        row = np.clip((1 - y) * (edge / 2), 0, edge - 1).astype(np.int32)
        light = sun.take(row * edge + column)
        for leaf in leaves:
            light = light * (0.12 + 0.88 * leaf.shadow(x, y))
        return light

    return reach


SCENES = {"studio": studio, "orchard": orchard}
