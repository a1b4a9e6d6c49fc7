"""The figures that two lessons or more use, and the style of all.

Each function takes plain results (a table, an array, a backbone), draws them and
returns a `Picture`: the figure together with its description in words. Colours stand
out on white and differ for colour-blind people; markers, line styles, hatches and signs
say the same again, so that no figure rests on colour alone.

What holds for every figure, and no docstring repeats:

* ``title``, where a figure takes one, is a str that stands above it; without it there
  is none.
* ``alt``, where a figure takes one, is a str that takes the place of the description,
  which is otherwise made from the numbers.
* ``summary`` is a data frame as `tables.summarise` returns it, with the columns mean,
  low and high; where a line of ``chance`` is wanted, it is the accuracy of guessing.
* A table that is empty or lacks a column raises a ValueError that says so.

Each module holds one kind of figure; `style` holds what they share. A figure of one
lesson stands in the lesson's own ``figures.py``, and moves here when a second one wants
it.
"""

from tlcourse.plots.backbone_blocks import blocks
from tlcourse.plots.bar_charts import bars
from tlcourse.plots.curves import epochs, learning_curves
from tlcourse.plots.heat import heat_overlay, looked_at
from tlcourse.plots.matrices import confusion
from tlcourse.plots.pictures import gallery, image_grid
from tlcourse.plots.style import PALETTE, Picture, series_style, styled
from tlcourse.plots.words import word_effects

__all__ = [
    "PALETTE",
    "Picture",
    "bars",
    "blocks",
    "confusion",
    "epochs",
    "gallery",
    "heat_overlay",
    "image_grid",
    "learning_curves",
    "looked_at",
    "series_style",
    "styled",
    "word_effects",
]
