"""The skin of an apple, the light on it, and the stem."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from .body import Body
from .tools import (
    SKIN_COLUMNS,
    SKIN_ROWS,
    dot,
    linear,
    mix,
    skin_noise,
    smoothstep,
    unit,
)

# Colours in 0-255 that all varieties share.
CAVITY_GREEN, CORK, EYE = (150, 160, 60), (176, 136, 70), (58, 42, 26)
BLOOM, OLD_STEM, YOUNG_STEM = (160, 136, 156), (84, 60, 36), (128, 130, 66)


@dataclass(frozen=True)
class Light:
    """The light of a scene, all colours linear, shape (3,).

    `key` is the sun or the lamp from the unit vector `direction`; `sky` comes
    from above, `ground` is thrown back from below; `window` is the cosine of
    the half angle of the lamp's reflection on the skin, `shine` its strength.
    """

    direction: np.ndarray
    key: np.ndarray
    sky: np.ndarray
    ground: np.ndarray
    window: float
    shine: float


def individual(variety, rng):
    """Give one apple of the variety: no two are quite alike."""

    def near(name, spread):
        value = getattr(variety, name)
        return float(value * (1 + spread * np.clip(rng.normal(), -2, 2)))

    def tinted(colour):
        # All channels together are ripeness and light, each alone is hue.
        shift = rng.normal(0, 9, 3) + rng.normal(0, 9)
        return tuple(float(v) for v in np.clip(np.array(colour) + shift, 8, 250))

    ground, ripe = _aged(variety, float(np.clip(rng.normal(0, 0.3), -0.8, 0.8)))
    return replace(
        variety,
        height=near("height", 0.03),
        taper=near("taper", 0.15),
        ribs=near("ribs", 0.3),
        cover=near("cover", 0.14),
        stripes=near("stripes", 0.12),
        russet=near("russet", 0.15),
        gloss=near("gloss", 0.15),
        lenticels=min(near("lenticels", 0.15), 1.0),
        ground=tinted(ground),
        ripe=tinted(ripe),
        flush=tinted(variety.flush),
    )


def _aged(variety, age):
    """Give ground and ripe colour: early apples lack the one, late ones the other."""
    ground, ripe = np.array(variety.ground, float), np.array(variety.ripe, float)
    if age > 0:
        return mix(ground, ripe, age), ripe
    return ground, mix(ripe, ground, -age)


def skin(body, rng):
    """Give the skin's own colour (3, n), linear, and how rough it is (n,)."""
    variety, turn = body.variety, rng.random(5)
    patches = _on_skin(body, "patches", turn[0])
    netting = _on_skin(body, "netting", turn[1])
    cavity = np.exp(-((body.polar / 0.42) ** 2))
    colour = _flush(body, patches, turn, rng)
    colour = mix(colour, linear(CAVITY_GREEN)[:, None], 0.45 * cavity)
    # Russet is cork: a net over the skin or a rough star round the stem.
    spread = variety.russet * (0.75 + 0.5 * patches) + variety.cavity_russet * cavity
    edge = 1.15 - 1.3 * spread
    rough = smoothstep(edge - 0.15, edge + 0.15, netting)
    colour = mix(colour, linear(CORK)[:, None] * (0.8 + 0.4 * netting), 0.85 * rough)
    dots = _dots(body.point, variety.dot_size, 40.0 + 8.0 * turn[3])
    tint = linear(variety.dot_colour)[:, None]
    colour = mix(colour, tint, dots * variety.lenticels)
    # The waxy bloom: a bluish veil, thicker where nobody rubbed.
    veil = variety.bloom * smoothstep(0.1, 0.9, 0.75 * patches + 0.25 * netting)
    colour = mix(colour, linear(BLOOM)[:, None], veil)
    eye = np.exp(-(((np.pi - body.polar) / 0.17) ** 2))
    colour = mix(colour, linear(EYE)[:, None], 0.9 * eye)
    return colour, np.clip(rough + 2.0 * veil, 0.0, 1.0)


def _flush(body, patches, turn, rng):
    """Give the ground colour with the red over it, in stripes or evenly."""
    variety = body.variety
    stripes = 0.7 * _on_skin(body, variety.stripe_kind + " stripes", turn[2])
    stripes = stripes + 0.3 * _on_skin(body, "fine stripes", turn[4])
    # The sunny side: a direction in the apple's frame, more often near the stem.
    sunny = rng.normal(size=3) + [0.0, 0.0, 0.35]
    facing = dot(unit(*sunny), body.point) * 0.42 + 0.5
    mood = 0.55 * facing + 0.45 * patches + variety.stripes * 0.65 * (stripes - 0.5)
    edge = 0.86 - 0.76 * variety.cover
    red = smoothstep(edge - variety.blend, edge + variety.blend, mood)
    ground, ripe, flush = (
        linear(c)[:, None] for c in (variety.ground, variety.ripe, variety.flush)
    )
    base = mix(ground, ripe, smoothstep(0.15, 0.85, 0.6 * facing + 0.4 * patches))
    # Darker streaks inside the flush, as on a real striped apple.
    deep = 1.0 - variety.stripes * 0.6 * smoothstep(0.35, 0.8, stripes)
    return mix(base, flush * deep, red * variety.strength)


def _on_skin(body, name, turn):
    """Read a noise field where each visible point lies on the skin, (n,)."""
    row = np.minimum(body.polar * (SKIN_ROWS / np.pi), SKIN_ROWS - 1)
    column = body.azimuth * (SKIN_COLUMNS / (2 * np.pi)) + SKIN_COLUMNS * (0.5 + turn)
    column = column.astype(np.int32) & (SKIN_COLUMNS - 1)
    return skin_noise(name).take(row.astype(np.int32) * SKIN_COLUMNS + column)


@lru_cache(maxsize=1)
def _jitter():
    """Centre (3) and size (1) of the dot in each of 1024 kinds of cell."""
    rng = np.random.default_rng(5)
    # Centres keep away from the walls of the cell, so that no dot is cut.
    centre = rng.uniform(0.26, 0.74, (3, 1024))
    size = rng.uniform(0.55, 1.15, (1, 1024))
    return np.concatenate([centre, size]).astype(np.float32)


def _dots(point, size, start, density=7.0):
    """Lenticels: soft dots scattered in the cells of a jittered lattice, (n,)."""
    cells = point * density + np.float32(start)
    whole = cells.astype(np.int32)  # cells are positive: this rounds down
    kind = (whole[0] * 73 + whole[1] * 157 + whole[2] * 311) & 1023
    dot = _jitter()[:, kind]
    offset = cells - whole - dot[:3]
    distance2 = (offset * offset).sum(axis=0) / (dot[3] * dot[3])
    return smoothstep(size * size, size * size * 0.25, distance2)


def shade(body, colour, rough, light, reach):
    """Light the skin; `reach` is the share of the key light that arrives, (n,)."""
    _, ny, nz = body.normal
    facing = dot(light.direction, body.normal)
    # 'Wrapped' light: the flesh lets a little light through past the edge.
    diffuse = np.clip((facing + 0.22) / 1.22, 0.0, None)
    up = 0.5 + 0.5 * ny
    # Little light finds its way into the stem cavity and the basin.
    hollow = 1.0 - 0.80 * np.exp(-((body.polar / 0.32) ** 2))
    hollow *= 1.0 - 0.55 * np.exp(-(((np.pi - body.polar) / 0.25) ** 2))
    # The body stands in the way of light from above to its own crown of ribs.
    reach = reach * (0.3 + 0.7 * smoothstep(-1.0, -0.6, body.cosine))
    key = light.key[:, None] * (diffuse * reach * (0.35 + 0.65 * hollow))
    around = mix(light.ground[:, None], light.sky[:, None], up) * hollow
    lit = colour * (key + around)
    # The mirror image of the lamp, and the sheen that every skin has at the rim.
    mirror = 2.0 * nz * facing - light.direction[2]
    gloss = body.variety.gloss * (1.0 - 0.9 * rough) * hollow**3
    gloss *= smoothstep(-0.95, -0.5, body.cosine)
    lamp = smoothstep(light.window - 0.05, light.window + 0.03, mirror)
    halo = np.clip(mirror, 0.0, 1.0) ** 8
    spot = gloss * reach * (0.55 * light.shine * lamp + 0.10 * halo)
    rim = (1.0 - np.clip(nz, 0.0, 1.0)) ** 4 * (0.05 + 0.25 * gloss) * up
    return lit + light.key[:, None] * spot + light.sky[:, None] * rim


def paint_apple(canvas, variety, pose, light, rng, shadow=None):
    """Paint the fruit on the canvas and return its `Body`.

    ``shadow(x, y, z)`` in picture units gives the share of the key light that
    reaches a point, (n,).
    """
    body = Body(canvas, variety, pose)
    colour, rough = skin(body, rng)
    reach = 1.0
    if shadow is not None:
        size = pose.radius
        reach = shadow(body.x * size + pose.x, body.y * size + pose.y, body.z * size)
    lit = shade(body, colour, rough, light, reach)
    canvas.paint(body.index, lit, body.cover)
    canvas.depth[body.index] = body.z
    return body


def paint_stem(canvas, body, light, rng, length):
    """Paint the stem from the bottom of the cavity; return its tip (x, y)."""
    pose = body.pose
    line, width = _stem_line(body, length, rng.normal(0, 0.10, 2))
    wood = mix(linear(OLD_STEM), linear(YOUNG_STEM), float(rng.random()))[:, None]
    px, py = pose.x + pose.radius * line[0], pose.y + pose.radius * line[1]
    pad = 0.09 * pose.radius + canvas.step
    index, x, y = canvas.window(
        px.min() - pad, px.max() + pad, py.min() - pad, py.max() + pad
    )
    x, y = (x - pose.x) / pose.radius, (y - pose.y) / pose.radius
    gap, across, thick, place, depth = _nearest(line, width, x, y)
    soft = 1.5 * canvas.step / pose.radius
    alpha = np.clip(gap / soft + 0.5, 0, 1)
    # The near lip of the cavity hides the foot of the stem.
    alpha *= depth + thick > canvas.depth[index]
    lean = np.clip(across / thick, -1, 1) * np.sign(light.direction[0])
    # It is dark at the bottom of the cavity.
    deep = 0.4 + 0.6 * smoothstep(0.0, 0.5, place)
    lamp = light.key[:, None] * ((0.55 + 0.45 * lean) * deep)
    lit = wood * (lamp + light.sky[:, None])
    canvas.paint(index, lit, alpha)
    return float(px[-1]), float(py[-1])


def _stem_line(body, length, bend, joints=9):
    """Give joints (3, 9) of the bent stem in apple units, and the half widths."""
    t = np.linspace(0, 1, joints)
    foot = float(body.radius[-1]) - 0.05
    line = body.axes[2][:, None] * (foot + length * t)
    line = line + (body.axes[:2].T @ bend)[:, None] * (1.6 * length * t**2)
    # The stem thickens to a knob where it broke from the twig.
    return line.astype(np.float32), (0.040 + 0.030 * t**4).astype(np.float32)


def _nearest(line, width, x, y):
    """For each point: how far inside the stem, across, half width, place, depth."""
    start, run = line[:, :-1, None], np.diff(line)[:, :, None]
    ox, oy = x - start[0], y - start[1]
    span = run[0] ** 2 + run[1] ** 2 + np.float32(1e-9)
    share = np.clip((ox * run[0] + oy * run[1]) / span, 0, 1)
    thick = width[:-1, None] + share * np.diff(width)[:, None]
    gap = thick - np.hypot(ox - share * run[0], oy - share * run[1])
    joint = np.argmax(gap, axis=0)
    across = (ox * run[1] - oy * run[0]) / np.sqrt(span)
    gap, across, thick, share = (
        np.take_along_axis(a, joint[None], 0)[0] for a in (gap, across, thick, share)
    )
    depth = line[2][joint] + share * np.diff(line[2])[joint]
    return gap, across, thick, (joint + share) / (width.size - 1), depth
