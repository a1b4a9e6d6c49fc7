"""A map whose points show their pictures under the mouse, without any script."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import io
import math
import string
from pathlib import Path

import numpy as np

from tlcourse.plots.style import STYLE, Picture

TILE = 40  # pixels at most: pictures of all points travel with the figure
SHOWN = 96  # CSS pixels, as in hovering.css
ACROSS = 20
MOST = 400  # points; more would make a page slow


class HoverPicture(Picture):
    """A figure with a map in it; pointing at a point of the map shows its picture.

    The pictures lie over the figure as HTML and CSS, so that they work in JupyterLab,
    Colab and a saved page, with no kernel and no script; a click keeps one open.
    Screen readers get the figure's description and none of this.

    Parameters
    ----------
    fig, alt
        As for `Picture`.
    axes : matplotlib.axes.Axes
        Of this figure: where the points are drawn.
    points : ndarray, (n, 2)
        Of at most 400 pictures.
    images : ndarray, uint8, (n, height, width, 3)
    says : sequence of str, (n,)
        A few words below each picture.

    Attributes
    ----------
    places : ndarray, (n, 2)
        Where the points lie in the PNG: shares of its width and height, from its left
        upper corner.
    """

    def __init__(self, fig, alt, axes, points, images, says):
        super().__init__(fig, alt)
        self._axes, self._points = axes, np.asarray(points, float)
        self._images, self._says = images, says

    @functools.cached_property
    def places(self):
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self.png  # lays the figure out  # noqa: B018
        with matplotlib.rc_context(STYLE):
            canvas = FigureCanvasAgg(self.fig)
            # What `savefig` cuts off: all that is further out than its margin.
            room = self.fig.get_tightbbox(canvas.get_renderer())
            room = room.padded(matplotlib.rcParams["savefig.pad_inches"])
        inches = self._axes.transData.transform(self._points) / self.fig.dpi
        return np.column_stack([
            (inches[:, 0] - room.x0) / room.width,
            (room.y1 - inches[:, 1]) / room.height,
        ])  # fmt: skip

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle, metadata = super()._repr_mimebundle_()
        # A name of its own for each figure, and the same one whenever it is drawn.
        name = f"tl-{hashlib.md5(self.png, usedforsecurity=False).hexdigest()}"
        bundle["text/html"] = (
            f'<style>{self._looks(name)}</style><div class="{name}"><div>'
            f'{bundle["text/html"]}<span aria-hidden="true">{self._spots()}</span>'
            "</div></div>"
        )
        return bundle, metadata

    def _looks(self, name):
        count = len(self._images)
        css = Path(__file__).with_name("hovering.css").read_text("utf-8")
        return string.Template(css).substitute(
            name=name,
            wide=SHOWN * min(ACROSS, count),
            high=SHOWN * math.ceil(count / ACROSS),
            sheet=base64.b64encode(sheet(self._images)).decode("ascii"),
        )

    def _spots(self):
        spots = []
        for index, (x, y) in enumerate(self.places.tolist()):
            row, column = divmod(index, ACROSS)
            says = html.escape(self._says[index], quote=True)
            # Numbers alone, also for the side where there is room: a stored lesson is
            # compared word by word, and points lie elsewhere on another processor.
            spots.append(
                f'<i tabindex="-1" data-says="{says}" style="left:{x:.2%};top:{y:.2%};'
                f"--left:{x > 0.5:d};--above:{y > 0.5:d};"
                f'--at:-{column * SHOWN}px -{row * SHOWN}px"></i>'
            )
        return "".join(spots)


def sheet(images):
    """All pictures side by side in one PNG file, 20 in a row."""
    return _sheet(images.tobytes(), images.shape)


@functools.lru_cache(maxsize=6)  # a widget draws the same pictures again and again
def _sheet(raw, shape):
    from PIL import Image

    images = np.frombuffer(raw, np.uint8).reshape(shape)
    side = min(TILE, images.shape[1])
    tiles = [np.asarray(Image.fromarray(i).resize((side, side))) for i in images]
    across = min(ACROSS, len(tiles))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % across)
    rows = [np.hstack(tiles[k : k + across]) for k in range(0, len(tiles), across)]
    buffer = io.BytesIO()
    # 32 steps of each colour: half the size of 256, and hard to tell from them.
    Image.fromarray(np.vstack(rows) // 8 * 8 + 4).save(buffer, "png", optimize=True)
    return buffer.getvalue()
