"""Every figure, shared or a lesson's: drawn, told in words, readable, picky.

Where the tables stand: ``FIGURES`` by name, a function that draws and words that its
description must have; ``REFUSED``, words that bad input must get, and the bad input.
What is particular to a figure is tested beside its table.
"""

import base64
import functools
import html
import importlib

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tests import test_plots
from tests.helpers import pixels
from tlcourse.exercises import lessons

WIDEST = 7.4  # inches that a page has room for
MARGIN = 0.3  # what 'tight' adds on both sides
DENSITY = 110  # pixels an inch
#: Pixels of those that are wider.
WIDER = {
    "plots confusion": 1000,
    "adapting choices": 1000,
    "choosing agreements": 1000,
    "choosing rankings": 1000,
    "choosing rankings_hidden": 1000,
    "choosing catalogue": 1000,
    "choosing catalogue_speed": 1100,
    "choosing catalogue_names": 1100,
}

TABLES = {"plots": test_plots} | {
    lesson: importlib.import_module(f"tests.lessons.{lesson}.test_figures")
    for lesson in lessons.known()
}
FIGURES = {
    f"{place} {name}": row
    for place, table in TABLES.items()
    for name, row in table.FIGURES.items()
}
REFUSED = [
    pytest.param(*row, id=f"{place} {row[0]}")
    for place, table in TABLES.items()
    for row in table.REFUSED
]

every_figure = pytest.mark.parametrize("name", FIGURES)
pytestmark = pytest.mark.usefixtures("one_thread")


@functools.cache
def drawn(name):
    return FIGURES[name][0]()


@every_figure
def test_every_figure_is_drawn_and_fits_the_page(name):
    picture = drawn(name)
    image = pixels(picture)
    assert image.std() > 5  # something stands there
    if name not in WIDER:
        assert picture.fig.get_figwidth() <= WIDEST
    most = WIDER.get(name, (WIDEST + MARGIN) * DENSITY)
    assert 90 < image.shape[1] <= most  # nothing sticks out


@every_figure
def test_every_figure_is_described(name):
    picture, words = drawn(name), FIGURES[name][1:]
    assert len(picture.alt) > 15 and picture.alt.endswith(".")
    for each in words:
        assert each in picture.alt


@every_figure
def test_every_picture_carries_its_description(name):
    picture = drawn(name)
    data, metadata = picture._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == picture.alt == data["text/plain"]
    assert f'alt="{html.escape(picture.alt)}"' in data["text/html"]
    assert base64.b64decode(data["image/png"]) == picture.png


def written(axes):
    """What is written in and around axes: titles, texts, and ticks in view."""
    yield from (axes.title, axes._left_title)
    if len(axes.collections) < 2:  # numbers of clusters lie where the clusters are
        yield from axes.texts
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            label = tick.label1
            if low <= tick.get_loc() <= high and not label.get_rotation():
                yield label


@every_figure
def test_no_words_lie_on_other_words(name):
    fig = drawn(name).fig
    fig.draw_without_rendering()
    renderer = FigureCanvasAgg(fig).get_renderer()
    for axes in filter(lambda axes: axes.axison, fig.axes):
        words = [
            each for each in written(axes) if each.get_text() and each.get_visible()
        ]
        boxes = [each.get_window_extent(renderer) for each in words]
        for k, box in enumerate(boxes):
            over = [words[j].get_text() for j in range(k) if box.overlaps(boxes[j])]
            assert not over, f"{words[k].get_text()!r} lies on {over}"


@pytest.mark.parametrize(("words", "draw"), REFUSED)
def test_bad_input_is_refused_in_one_sentence(words, draw):
    with pytest.raises(ValueError, match=words) as problem:
        draw()
    assert "\n" not in str(problem.value) and str(problem.value).endswith(".")
