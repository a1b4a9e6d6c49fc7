"""Figures and widget of the lesson, and its own code against the helpers."""

import functools

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import assert_same, cells, defined, refused
from tlcourse import games
from tlcourse.lessons.games import figures, widget


@functools.cache
def table():
    curves = tl.evidence("games.curves")
    return curves.assign(score=200 * curves["value"])


def of_pair(pair="heavy gravity"):
    return table()[table()["pair"] == pair]


def draw(*values):
    return widget.draw(table(), *values)


FIGURES = {
    "curves": (lambda: figures.curves(of_pair()), "from scratch goes from"),
    "measures": (lambda: figures.measures(table()), "against matched start"),
}
SHOW, FIRST = lambda: widget.transfer(table()), "Line chart of scores"
CONTROLS = "target, carried over."
PICTURES = [
    functools.partial(draw, *values)
    for values in (
        ("heavy gravity", "all layers"),
        ("mirrored controls", "all layers"),
        ("mirrored controls", "new last layer"),
    )
]
REFUSED = [
    ("at least one row", lambda: figures.curves(of_pair("none"))),
    ("needs the columns", lambda: figures.curves(of_pair().drop(columns="score"))),
    ("no plan 'luck'", lambda: games.compare(table(), "luck")),
]


def test_the_widgets_title_tells_the_measures():
    scores = {
        plan: rows.pivot(index="seed", columns="update", values="score").to_numpy()
        for plan, rows in of_pair().groupby("plan")
    }
    found = games.measure(scores["all layers"], scores["from scratch"])
    title = draw("heavy gravity", "all layers").fig.axes[0].get_title(loc="left")
    assert f"jumpstart {found['jumpstart'].mean():+.0f}" in title
    assert f"threshold {found['time_to_threshold'].mean():+.1f}" in title


def test_the_lessons_training_is_the_helpers_and_short():
    own = defined("games", "build", "play", "reinforce")
    game = games.CartPole(gravity=25)
    ours = own["reinforce"](own["build"](5), game, 3, 7)
    theirs = games.train(games.policy(game, seed=5), game, 3, seed=7)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    [cell] = [cell for cell in cells("games") if "def reinforce" in cell]
    assert len(cell.splitlines()) <= 40


def test_the_lessons_matched_start_is_the_helpers_but_for_a_shift():
    own = defined("games", "spread", "match")
    source = games.policy(games.CartPole(), seed=1)
    seen = np.random.default_rng(0).normal(size=(300, 4)).astype("float32")
    ours, theirs = own["match"](source, seen, 3), games.matched(source, seen, 3)
    assert_same(ours.get_weights()[:-1], theirs.get_weights()[:-1], atol=1e-5)
    assert own["spread"](ours, seen) == pytest.approx(
        own["spread"](source, seen), rel=1e-3
    )


def test_without_gymnasium_the_lesson_says_so_and_shows_stored_results(capsys):
    [cell] = [cell for cell in cells("games") if "make_vec" in cell]

    class Missing:
        class util:
            @staticmethod
            def find_spec(name):
                return None

    exec(cell, {"importlib": Missing, "tl": tl})
    said = capsys.readouterr().out
    assert said.startswith("Gymnasium is missing (pip install gymnasium)")
    assert "trained in NumPy: 200 of 200 steps" in said


def test_now_on_your_data_runs():
    gymnasium = pytest.importorskip("gymnasium")
    [prose] = [cell for cell in cells("games", "markdown") if "class Real" in cell]
    block = prose.partition("```python\n")[2].partition("```")[0]
    own = defined("games", "build", "play", "reinforce")
    names = {**own, "source": own["build"](0), "gymnasium": gymnasium}
    short = block.replace("25.0), 5, seed", "25.0), 2, seed")
    assert short != block
    exec(short, names)
    assert names["moved"].get_weights()[0].shape == (4, 32)


def test_bad_tables():
    refused("no plan 'luck'", games.compare, table(), "luck")
