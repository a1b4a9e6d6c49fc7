"""Figures of the lesson."""

import numpy as np

from tests.test_plots import summary
from tlcourse.lessons.why.figures import worth


def reached():
    pair = "features", "from_scratch"
    return worth(summary(), 1, *pair, needed=20.0, chance=0.1)


def unreached():
    return worth(summary(), 50, "from_scratch", "features", needed=np.inf)


FIGURES = {
    "worth": (reached, "features 0.50 (0.45 to 0.55)"),
    "worth_unreached": (unreached,),
}
REFUSED = [
    (
        "one row for 'features' with 3 labels",
        lambda: worth(summary(), 3, "features", "from_scratch", needed=20.0),
    )
]


def test_worth_says_what_takes_how_many_labels():
    title = reached().fig.axes[0].get_title(loc="left")
    assert title == "1 label per class does what takes about 20 from scratch"
    title = unreached().fig.axes[0].get_title(loc="left")
    assert title == "50 labels per class do what takes more than 50 features"
