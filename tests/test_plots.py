"""Figures that lessons share; tests/lessons/test_figures.py goes over the tables."""

import functools
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tests.helpers import refused, words_in
from tlcourse import datasets, plots


def summary(strategies=("features", "from_scratch"), sizes=(1, 10, 50)):
    rows = [
        (s, x, 0.5 + k / 10 + x / 250) for k, s in enumerate(strategies) for x in sizes
    ]
    table = pd.DataFrame(rows, columns=["strategy", "per_class", "mean"])
    return table.assign(low=table["mean"] - 0.05, high=table["mean"] + 0.05)


def backbone(*counts):
    named = ((f"block_{place}", count) for place, count in enumerate(counts))
    blocks = tuple(SimpleNamespace(name=n, parameters=count) for n, count in named)
    return SimpleNamespace(name="tiny", blocks=blocks)


def plan(*trainable):
    return SimpleNamespace(trainable=trainable)


def of_two():
    return plots.blocks(backbone(10, 2000), plan("block_1"))


MANY = [f"class number {n}" for n in range(16)]
FIVE = np.zeros((5, 8, 8, 3))


IMAGES = np.full((3, 8, 8, 3), 200.0)
HEATS = np.zeros((3, 4, 4))
HEATS[:, 1, 2] = [1, 2, 3]


def overlay(images=IMAGES, heats=HEATS, titles=("a", "b", "c")):
    return plots.heat_overlay(images, heats, titles)


def looked_at(truth="no_face"):
    said = [0.1, 0.9], ["no_face", "face"], truth
    return plots.looked_at(IMAGES[0], HEATS[0], *said)


def curves():
    return plots.learning_curves(summary(), chance=0.1)


def bars():
    return plots.bars(summary(sizes=(5,)), by="strategy", chance=0.1)


def epochs():
    history = {"accuracy": [0.5, 0.8], "val_accuracy": [0.4, 0.7]}
    return plots.epochs(history, 20, second=1, title="Run 3")


@functools.cache
def gallery():
    names = ("faces", "photos", "glyphs")
    return plots.gallery([datasets.load(n, per_class=4) for n in names])


def effects(words=("a", "dull", "film")):
    change = np.linspace(-0.5, 0.2, max(3, len(words)))[[1, 0, *range(2, len(words))]]
    both = {"BERT": change, "word counts": -change / 2}
    return plots.word_effects(words, both, {"BERT": 0.8, "word counts": 0.3})


FIGURES = {
    "learning_curves": (curves, "from scratch goes from 0.60 at 1 to 0.80 at 50"),
    "one_point": (lambda: plots.learning_curves(summary(sizes=(5,))),),
    "many_curves": (lambda: plots.learning_curves(summary(MANY)),),
    "bars": (bars,),
    "loss": (lambda: plots.epochs({"loss": [2, 1]}, measure="loss"), "loss over 2"),
    "epochs": (epochs, "validation 0.70; a second phase begins after epoch 1"),
    "bars_series": (lambda: plots.bars(summary(), by="per_class", series="strategy"),),
    "word_effects": (effects, "BERT: positive with 80%, most by dull -0.50"),
    "heat_overlay": (overlay, "3 pictures", "a, b, c"),
    "looked_at": (looked_at, "says face with probability 0.90, but it is no_face"),
    "looked_at_new": (functools.partial(looked_at, None), "with probability 0.90."),
    "image_grid": (lambda: plots.image_grid(FIVE, list("abcde")),),
    "grey_grid": (lambda: plots.image_grid(np.zeros((20, 8, 8)), columns=4),),
    "gallery": (gallery, "faces", "photos", "glyphs"),
    "blocks": (lambda: plots.blocks(backbone(10, 2000, 5_000_000)),),
    "blocks_plan": (lambda: plots.blocks(backbone(*range(1, 30)), plan("block_28")),),
    "blocks_of_both": (
        of_two,
        "block_0 (10 parameters, frozen)",
        "block_1 (2 k parameters, trainable)",
    ),
    "confusion": (lambda: plots.confusion(np.eye(16), MANY),),
    "confusion_of_two": (
        lambda: plots.confusion([[8, 2], [0, 10]], ["cat", "dog"]),
        "18 of 20",
        "cat called dog (2 times)",
    ),
}
REFUSED = [
    ("one title per picture", lambda: overlay(titles=["a"])),
    ("A heat map for each picture", lambda: overlay(heats=HEATS[:2])),
    ("1 to 40 words can be drawn, not 41", lambda: effects(["word"] * 41)),
    ("at least 0", lambda: overlay(heats=-HEATS)),
    ("at least one epoch", lambda: plots.epochs({"accuracy": []})),
    ("no low", lambda: plots.learning_curves(summary().drop(columns="low"))),
    ("has none", lambda: plots.bars(summary().iloc[:0], by="strategy")),
    (r"these have the shape \(2,\)", lambda: plots.image_grid([1, 2])),
    ("5 pictures and 1 titles", lambda: plots.image_grid(FIVE, ["a"])),
    ("at least one task", lambda: plots.gallery([])),
    (r"shape \(2, 2\) for 2", lambda: plots.confusion(np.zeros((3, 3)), ["a", "b"])),
]


@pytest.mark.parametrize("template", ["lab", "classic"])
def test_nbconvert_gives_the_alt(template):
    import nbformat
    from bs4 import BeautifulSoup
    from nbconvert import HTMLExporter

    picture = plots.bars(summary(), by="strategy", alt='A "b" & <c>.')
    data, metadata = picture._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    book = nbformat.v4.new_notebook(cells=[cell])
    html, _ = HTMLExporter(template_name=template).from_notebook_node(book)
    [image] = BeautifulSoup(html, "html.parser").find_all("img")
    assert image["alt"] == 'A "b" & <c>.'


def test_a_picture_needs_words():
    fig = Figure()
    refused("needs a description", plots.Picture, fig, "  ")
    assert repr(plots.Picture(fig, "A rising\n  line.")) == "A rising line."


def test_the_readers_own_style_is_left_alone():
    with matplotlib.rc_context({"font.size": 33, "text.color": "red"}):
        small = bars()
        assert matplotlib.rcParams["font.size"] == 33
    assert small.png == bars().png  # and the same figure is the same file


def test_series_differ_in_more_than_colour():
    styles = [plots.series_style(n) for n in range(72)]
    assert len({(s["color"], s["marker"]) for s in styles}) == 72
    assert len({s["linestyle"] for s in styles[:5]}) == 5
    assert len({s["hatch"] for s in styles[:7]}) == 7


def test_charts_are_small_files_and_a_legend_follows_the_height_of_the_lines():
    picture = curves()
    texts = [text.get_text() for text in picture.fig.legends[0].get_texts()]
    assert texts == ["from scratch", "features"]
    assert len(picture.png) < 40_000


def test_frozen_and_trainable_blocks_have_signs():
    signs = [words.split()[0] for words in words_in(of_two().fig.axes[0])]
    assert signs == ["❄", "✎"]


def test_the_gallery_shows_a_row_for_each_task():
    panels = gallery().fig.axes
    assert len(panels) == 3 * 8
    titles = [axes.get_title(loc="center") for axes in panels[17:]]
    classes = list(datasets.load("glyphs").classes)  # other fonts, other signs
    gaps = np.diff([classes.index(title) for title in titles])
    assert gaps.min() > 5 and np.ptp(gaps) <= 1  # spread over the classes


def test_it_is_dark_where_there_is_no_heat():
    veil = overlay().fig.axes[0].images[1].get_array()
    assert veil[..., 3].max() == pytest.approx(0.75)
    assert veil[2, 4:6, 3].max() < 0.4 < veil[6, 0, 3]


def test_a_title_of_two_lines():
    picture = plots.image_grid(FIVE[:2], ["Braeburn\nGala?", "Granny Smith\nyes"])
    assert picture.fig.axes[0].get_title(loc="center") == "Braeburn\nGala?"


def test_a_long_title_goes_on_in_a_second_line():
    names = ["Egremont Russet", "Gala", "a_name_that_never_ever_ends", "Undecided" * 2]
    picture = plots.image_grid(np.zeros((8, 4, 4)), names * 2, columns=8)
    titles = [axes.get_title(loc="center") for axes in picture.fig.axes[:4]]
    assert titles[:2] == ["Egremont\nRusset", "Gala"]
    assert titles[2].count("\n") == 1 and titles[2].endswith("…")
    assert titles[3].startswith("Undecid") and titles[3].endswith("…")
