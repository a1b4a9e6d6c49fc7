"""The course's table of lessons, and what was measured for them.

Each lesson has a folder here, and a notebook. A lesson's number stands in this table
and in its notebook's file name. Everything else goes by the lesson's name.
"""

import json
from pathlib import Path

from tlcourse.resources import where

#: Number by name.
NUMBERS = {
    "start": "00",
    "why": "01",
    "features": "02",
    "inside": "03",
    "freezing": "04",
    "own_pictures": "05",
    "choosing": "06",
    "inductive": "07",
    "adapting": "08",
    "clusters": "09",
    "self_supervised": "10",
    "pitfalls": "11",
    "bert": "12",
    "gpt": "13",
    "across_languages": "14",
    "few_labels": "15",
    "games": "16",
}


def notebook(name):
    """Give the path of a lesson's notebook.

    Parameters
    ----------
    name : str
        One of ``NUMBERS``.
    """
    (path,) = where("notebooks").glob(f"{NUMBERS[name]}_*.ipynb")
    return path


def evidence(name):
    """Give the results that a lesson rests on, every seed of them.

    They were measured over five seeds by ``make claims``, and the tests repeat one.

    Parameters
    ----------
    name : str
        The lesson and the table: ``"why.labels"``.

    Returns
    -------
    pandas.DataFrame
        A row a measurement: what was done, its ``seed``, and ``value``.

    Raises
    ------
    ValueError
        If there is no such table; the message names those that exist.
    """
    import pandas  # here, because it takes half a second

    files = sorted(Path(__file__).parent.glob("*/evidence/*.json"))
    known = {f"{file.parts[-3]}.{file.stem}": file for file in files}
    if name not in known:
        raise ValueError(f"There is no evidence {name!r}. There is {', '.join(known)}.")
    return pandas.DataFrame(json.loads(known[name].read_text("utf-8"))["rows"])
