"""A policy at play, as a small GIF that needs no kernel."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from tlcourse.games.game import GROUND, INK, POINTER, VEHICLE
from tlcourse.games.policies import choose, in_numpy

WIDTH, HEIGHT, FINER = 300, 170, 2  # pixels of a panel; drawn finer, then shrunk
EVERY, TICK = 4, 80  # steps from one frame to the next, and how long it stays, in ms


class Animation:
    """Some games at play; as the last line of a cell it shows itself.

    Attributes
    ----------
    gif : bytes
        It plays three times, then stands still.
    png : bytes
        A frame, for pages that show no GIF.
    alt : str
    """

    def __init__(self, frames, alt):
        small = [frame.quantize(palette=_colours(), dither=0) for frame in frames]
        self.alt = alt
        film = {"append_images": small[1:], "duration": TICK, "loop": 2}
        self.gif = _saved(small[0], "GIF", save_all=True, **film)
        self.png = _saved(small[len(small) // 3], "PNG")

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = base64.b64encode(self.gif).decode("ascii")
        image = (
            f'<img alt="{html.escape(self.alt, quote=True)}" '
            f'src="data:image/gif;base64,{data}">'
        )
        still = base64.b64encode(self.png).decode("ascii")
        bundle = {"text/html": image, "image/png": still, "text/plain": self.alt}
        return bundle, {"image/png": {"alt": self.alt}}

    def __repr__(self):
        return self.alt


def animate(policies, game, *, steps=200, seed=0):
    """Show policies at play, side by side, all from the same start.

    Parameters
    ----------
    policies : dict of str to keras.Sequential
        One to three, by the title that stands above them.
    game : Game
    steps : int
        How many steps are shown at most.
    seed : int
        Of the start, and of the actions: they are drawn, as in training.

    Returns
    -------
    Animation

    Raises
    ------
    ValueError
        If there is no policy or more than three, or one does not fit the game.
    """
    if not 1 <= len(policies) <= 3:
        raise ValueError(
            f"animate shows one to three policies, and got {len(policies)}."
        )
    films, lasted = [], {}
    for name, each in policies.items():
        film, done = _film(each, game, steps, seed)
        films.append([_written(frame, (8, 4), name) for frame in film])
        if done < steps:
            films[-1].append(_written(films[-1][-1].copy(), (8, HEIGHT - 24), "over"))
        lasted[name] = done
    longest = max(map(len, films))
    films = [film + film[-1:] * (longest - len(film)) for film in films]
    frames = [_side_by_side(panels) for panels in zip(*films, strict=True)]
    told = ", ".join(f"{name} {done} steps" for name, done in lasted.items())
    kind = type(game).__name__
    return Animation(frames, f"Animation of {kind}, {steps} steps at most: {told}.")


def _film(policy, game, steps, seed):
    """Frames of one game, and how many steps it lasted."""
    answer, rng = in_numpy(policy, game), np.random.default_rng(seed)
    seen = game.reset(1, rng)
    scenes, over = [list(game.scene())], np.array([False])
    while len(scenes) <= steps and not over[0]:
        seen, over = game.step(choose(answer(seen), game, rng))
        scenes.append(list(game.scene()))
    return [_drawn(scene) for scene in scenes[::EVERY]], len(scenes) - 1


def _drawn(scene):
    """Draw lines, each a (points, colour, width): x from 0 to 1, y from 0 to 1 up."""
    size = np.array([WIDTH, HEIGHT]) * FINER
    image = Image.new("RGB", tuple(size), "white")
    pen = ImageDraw.Draw(image)
    for points, colour, width in scene:
        at = np.asarray(points) * [1, -1] + [0, 1]
        pen.line([tuple(xy) for xy in at * size], fill=colour, width=width * FINER,
                 joint="curve")  # fmt: skip
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _written(frame, place, words):
    pen, font = ImageDraw.Draw(frame), ImageFont.load_default(15)
    pen.text(place, words, INK, font, stroke_width=2, stroke_fill="white")
    return frame


def _side_by_side(panels):
    wide = Image.new("RGB", (WIDTH * len(panels), HEIGHT), "white")
    for k, panel in enumerate(panels):
        wide.paste(panel, (k * WIDTH, 0))
        ImageDraw.Draw(wide).line([(k * WIDTH, 0), (k * WIDTH, HEIGHT)], GROUND)
    return wide


def _colours():
    """A palette: each colour of a scene in steps to white, for smooth edges."""
    strong = np.array([ImageColor.getrgb(c) for c in (INK, GROUND, VEHICLE, POINTER)])
    steps = np.linspace(0, 1, 6)[:, None, None]
    mixed = (strong * (1 - steps) + 255 * steps).round().astype(int)
    palette = Image.new("P", (1, 1))
    palette.putpalette(mixed.ravel().tolist())
    return palette


def _saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()
