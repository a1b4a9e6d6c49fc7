"""Figures: what they draw, what they say in words, what they refuse."""

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tlcourse import plots
from tlcourse.lessons.features.figures import feature_map
from tlcourse.lessons.why.figures import worth


def summary(strategies=("features", "from_scratch"), sizes=(1, 10, 50)):
    rows = [
        {"strategy": s, "per_class": x, "mean": m, "low": m - 0.05, "high": m + 0.05}
        for k, s in enumerate(strategies)
        for x in sizes
        for m in [0.5 + 0.1 * k + 0.004 * x]
    ]
    return pd.DataFrame(rows)


def backbone(*counts):
    named = [
        SimpleNamespace(name=f"block_{n}", parameters=c) for n, c in enumerate(counts)
    ]
    return SimpleNamespace(name="tiny", blocks=tuple(named))


def plan(*trainable):
    return SimpleNamespace(trainable=trainable)


MANY = [f"class number {n}" for n in range(16)]
FIGURES = {
    "learning_curves": lambda: plots.learning_curves(summary(), chance=0.1),
    "one_point": lambda: plots.learning_curves(summary(sizes=(5,))),
    "many_curves": lambda: plots.learning_curves(summary(MANY)),
    "worth": lambda: worth(
        summary(), 1, "features", "from_scratch", needed=20.0, chance=0.1
    ),
    "worth_unreached": lambda: worth(
        summary(), 50, "from_scratch", "features", needed=np.inf
    ),
    "bars": lambda: plots.bars(summary(sizes=(5,)), by="strategy", chance=0.1),
    "bars_series": lambda: plots.bars(summary(), by="per_class", series="strategy"),
    "image_grid": lambda: plots.image_grid(np.zeros((5, 8, 8, 3)), list("abcde")),
    "grey_grid": lambda: plots.image_grid(np.zeros((20, 8, 8)), columns=4),
    "blocks": lambda: plots.blocks(backbone(10, 2000, 5_000_000)),
    "blocks_plan": lambda: plots.blocks(backbone(*range(1, 30)), plan("block_28")),
    "feature_map": lambda: feature_map(np.eye(16, 2), np.arange(16), MANY),
    "confusion": lambda: plots.confusion(np.eye(16), MANY),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_and_described(name):
    picture = FIGURES[name]()
    image = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))
    assert image.std() > 5  # something stands there
    assert 400 > image.shape[1] / 3 > 30 and image.shape[1] < 1000
    assert len(picture.alt) > 15 and picture.alt.endswith(".")


@pytest.mark.parametrize("name", FIGURES)
def test_no_tick_label_lies_on_another(name):
    fig = FIGURES[name]().fig
    fig.draw_without_rendering()
    renderer = FigureCanvasAgg(fig).get_renderer()
    for axes in fig.axes:
        labels = [t for t in axes.get_xticklabels() if t.get_text() and t.get_visible()]
        if not axes.axison or any(t.get_rotation() for t in labels):
            continue
        boxes = [t.get_window_extent(renderer) for t in labels]
        boxes.sort(key=lambda box: box.x0)
        for left, right in zip(boxes, boxes[1:], strict=False):
            assert left.x1 <= right.x0, "two tick labels overlap"


def test_the_picture_carries_its_description():
    picture = FIGURES["bars"]()
    data, metadata = picture._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == picture.alt == data["text/plain"]
    assert f'<img alt="{picture.alt}"' in data["text/html"]
    assert data["image/png"] in data["text/html"]


@pytest.mark.parametrize("template", ["lab", "classic"])
def test_nbconvert_gives_the_alt(template):
    import nbformat
    from bs4 import BeautifulSoup
    from nbconvert import HTMLExporter

    picture = plots.bars(summary(), by="strategy", alt='A "b" & <c>.')
    data, metadata = picture._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("1", outputs=[output])]
    )
    html, _ = HTMLExporter(template_name=template).from_notebook_node(book)
    [image] = BeautifulSoup(html, "html.parser").find_all("img")
    assert image["alt"] == 'A "b" & <c>.'


def test_a_picture_needs_words():
    fig = Figure()
    with pytest.raises(ValueError, match="needs a description"):
        plots.Picture(fig, "  ")
    picture = plots.Picture(fig, "A rising\n  line.")
    assert picture.alt == repr(picture) == "A rising line."


def test_the_readers_own_style_is_left_alone():
    import matplotlib

    with matplotlib.rc_context({"font.size": 33, "text.color": "red"}):
        small = FIGURES["bars"]()
        assert matplotlib.rcParams["font.size"] == 33
    assert small.png == FIGURES["bars"]().png  # and the same figure is the same file


def test_series_differ_in_more_than_colour():
    styles = [plots.series_style(n) for n in range(72)]
    assert len({(s["color"], s["marker"]) for s in styles}) == 72
    assert len({s["linestyle"] for s in styles[:5]}) == 5
    assert len({s["hatch"] for s in styles[:7]}) == 7


def test_curves_in_words():
    alt = FIGURES["learning_curves"]().alt
    assert "from scratch goes from 0.60 at 1 to 0.80 at 50" in alt


def test_legend_follows_the_height_of_the_lines():
    fig = FIGURES["learning_curves"]().fig
    texts = [text.get_text() for text in fig.legends[0].get_texts()]
    assert texts == ["from scratch", "features"]


def test_charts_are_small_files():
    assert len(FIGURES["learning_curves"]().png) < 40_000


def test_blocks_in_words_and_signs():
    picture = plots.blocks(backbone(10, 2000), plan("block_1"))
    assert "block_0 (10 parameters, frozen)" in picture.alt
    assert "block_1 (2 k parameters, trainable)" in picture.alt
    texts = [text.get_text() for text in picture.fig.axes[0].texts]
    assert "❄" in texts and "✎" in texts


def test_confusion_in_words():
    alt = plots.confusion([[8, 2], [0, 10]], ["cat", "dog"]).alt
    assert "18 of 20" in alt and "cat called dog (2 times)" in alt


BAD = {
    "no column low": lambda: plots.learning_curves(summary().drop(columns="low")),
    "has none": lambda: plots.bars(summary().iloc[:0], by="strategy"),
    r"these have the shape \(2,\)": lambda: plots.image_grid([1, 2]),
    "5 pictures and 1 titles": lambda: plots.image_grid(np.zeros((5, 8, 8, 3)), ["a"]),
    r"not \(4, 3\)": lambda: feature_map(np.zeros((4, 3)), [0] * 4, "ab"),
    "one label per point": lambda: feature_map(np.zeros((4, 2)), [0], "ab"),
    "2 classes only": lambda: feature_map(np.zeros((1, 2)), [5], "ab"),
    r"shape \(2, 2\) for 2": lambda: plots.confusion(np.zeros((3, 3)), ["a", "b"]),
}


@pytest.mark.parametrize("words", BAD)
def test_bad_input_gets_one_sentence(words):
    with pytest.raises(ValueError, match=words.replace("no column low", "no low")):
        BAD[words]()


def test_worth_says_what_takes_how_many_labels():
    picture = FIGURES["worth"]()
    title = picture.fig.axes[0].get_title(loc="left")
    assert title == "1 label per class does what takes about 20 from scratch"
    assert "features 0.50 (0.45 to 0.55)" in picture.alt
    title = FIGURES["worth_unreached"]().fig.axes[0].get_title(loc="left")
    assert title == "50 labels per class do what takes more than 50 features"
    with pytest.raises(ValueError, match="one row for 'features' with 3 labels"):
        worth(summary(), 3, "features", "from_scratch", needed=20.0)
