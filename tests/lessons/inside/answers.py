"""Answers to the lesson's exercises, and what must be said of the wrong ones."""

import tlcourse as tl
from tlcourse.datasets.photos import photograph


def names():
    return {"tl": tl, "cat": photograph("cat")[None, :, 75:375]}


WRONG = {
    "inside.1": {
        "percent": (93.8, "a share"),
        "the last block": (14_998_528 / 23_587_712, "and of both"),
    },
    "inside.2": {
        "nothing": ("nothing", "the range"),
        "not divided": ("Pixels must lie in 0-255, and these lie in -1 to 9", "by 255"),
    },
    "inside.3": {
        "no name": ("the eighth", "the name of a block"),
        "too early": ("block5", "no block is better"),
    },
}
