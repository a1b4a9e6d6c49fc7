"""Every figure, shared or a lesson's, and every lesson's widget, over their tables.

In each test_lesson.py stand ``FIGURES`` by name, a function that draws and words of its
description; of the widget ``SHOW``, which opens it, ``FIRST``, how its first picture's
words begin, ``CONTROLS``, their names, and ``PICTURES``, drawings of different values;
and ``REFUSED``, what bad input gets, and that input. The freeze lab has its own tests,
and so have the widgets for one's own pictures and texts.
"""

import base64
import functools
import html
import importlib

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tests import test_plots
from tests.helpers import pixels
from tests.test_accessibility import contrast
from tlcourse.exercises import lessons

WIDEST = 7.4  # inches that a page has room for
MARGIN = 0.3  # what 'tight' adds on both sides
DENSITY = 110  # pixels an inch
WIDER = ["plots confusion"]
WIDER += ["choosing rankings", "choosing rankings_hidden", "choosing catalogue"]
WIDEST_OF_ALL = ["choosing catalogue_speed", "choosing catalogue_names"]
PIXELS = dict.fromkeys(WIDER, 1000) | dict.fromkeys(WIDEST_OF_ALL, 1100)

TABLES = {"plots": test_plots} | {
    lesson: importlib.import_module(f"tests.lessons.{lesson}.test_lesson")
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

OWN = ("freezing", "own_pictures", "bert", "gpt", "across_languages")
WIDGETS = [x for x in lessons.known() if x not in OWN]

every_figure = pytest.mark.parametrize("name", FIGURES)


@functools.cache
def drawn(name):
    return FIGURES[name][0]()


@every_figure
def test_every_figure_fits_the_page_and_carries_its_description(name):
    picture, words = drawn(name), FIGURES[name][1:]
    image = pixels(picture)
    assert image.std() > 5  # something stands there
    if name not in PIXELS:
        assert picture.fig.get_figwidth() <= WIDEST
    most = PIXELS.get(name, (WIDEST + MARGIN) * DENSITY)
    assert 90 < image.shape[1] <= most  # nothing sticks out
    assert len(picture.alt) > 15 and picture.alt.endswith(".")
    assert all(each in picture.alt for each in words), picture.alt
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
        words = [w for w in written(axes) if w.get_text() and w.get_visible()]
        boxes = [each.get_window_extent(renderer) for each in words]
        for k, box in enumerate(boxes):
            over = [words[j].get_text() for j in range(k) if box.overlaps(boxes[j])]
            assert not over, f"{words[k].get_text()!r} lies on {over}"


@every_figure
def test_words_can_be_read_on_what_is_behind_them(name):
    picture = drawn(name)
    fig, image = picture.fig, pixels(picture)
    renderer = FigureCanvasAgg(fig).get_renderer()
    edge = fig.get_tightbbox(renderer)  # in inches; the file has a margin around it
    left, top = edge.x0 - MARGIN / 3, edge.y1 + MARGIN / 3
    for axes in fig.axes:
        texts = [axes.title, axes._left_title, *axes.texts]
        for text in texts if axes.axison else axes.texts:
            if not text.get_text().strip() or text.get_path_effects():
                continue  # a halo makes any place readable
            box = text.get_window_extent(renderer).transformed(
                fig.dpi_scale_trans.inverted()
            )
            columns = slice(*_dots(box.x0 - left, box.x1 - left))
            rows = slice(*_dots(top - box.y1, top - box.y0))
            behind = np.median(image[rows, columns].reshape(-1, 3), axis=0) / 255
            assert contrast(text.get_color(), behind) >= 4.5, text.get_text()


def _dots(*inches):
    return (max(0, round(each * DENSITY)) for each in inches)


@pytest.mark.parametrize(("words", "draw"), REFUSED)
def test_bad_input_is_refused_in_one_sentence(words, draw):
    with pytest.raises(ValueError, match=words) as problem:
        draw()
    assert "\n" not in str(problem.value) and str(problem.value).endswith(".")


@pytest.mark.parametrize("lesson", WIDGETS)
def test_a_widget_is_a_picture_first_names_its_controls_and_draws_more(lesson, capsys):
    table = TABLES[lesson]
    table.SHOW()
    said = capsys.readouterr().out
    assert said.startswith(table.FIRST)
    assert f"Controls: {table.CONTROLS}" in said
    pictures = [draw() for draw in table.PICTURES]
    assert len({picture.png for picture in pictures}) == len(pictures) > 1
    assert all(pixels(picture).std() > 5 for picture in pictures)
