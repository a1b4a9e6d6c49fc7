"""Every figure of the course, in one style.

Each function takes plain results (a table, an array, a backbone), draws them and
returns a `Picture`: the figure together with its description in words. Colours are
those of Okabe and Ito (2008), which colour-blind people can tell apart; markers, line
styles, hatches and signs say the same again, so that no figure rests on colour alone.

Each module holds one kind of figure; `style` holds what they share. A new figure goes
into the module of its kind or into a new one, whose name must not be a function's. Its
public name is imported here and added to ``__all__``.
"""

from tlcourse.plots.attention import heat_overlay, looked_at
from tlcourse.plots.backbone_blocks import blocks
from tlcourse.plots.bar_charts import bars
from tlcourse.plots.channels import activations, filters, inside
from tlcourse.plots.choosing import agreements, catalogue, rankings
from tlcourse.plots.clusters import (
    cluster_lab,
    cluster_map,
    cluster_rows,
    numbers_of_clusters,
)
from tlcourse.plots.course_overview import course_map
from tlcourse.plots.curves import learning_curves, probes, worth
from tlcourse.plots.domains import (
    adversary,
    choices,
    domain_rows,
    drift,
    ladder,
    shared_map,
    shift_lab,
)
from tlcourse.plots.feature_space import feature_map
from tlcourse.plots.matrices import confusion, heat_map
from tlcourse.plots.pictures import gallery, image_grid
from tlcourse.plots.pitfalls import gaps, losses, reliability, trade_off
from tlcourse.plots.self_supervision import similarity_matrix, view_grid
from tlcourse.plots.style import PALETTE, Picture, series_style, styled
from tlcourse.plots.training_runs import epochs, runs

__all__ = [
    "Picture",
    "PALETTE",
    "activations",
    "adversary",
    "agreements",
    "bars",
    "blocks",
    "catalogue",
    "choices",
    "cluster_lab",
    "cluster_map",
    "cluster_rows",
    "confusion",
    "course_map",
    "domain_rows",
    "drift",
    "epochs",
    "feature_map",
    "filters",
    "gallery",
    "gaps",
    "heat_map",
    "heat_overlay",
    "image_grid",
    "inside",
    "ladder",
    "learning_curves",
    "looked_at",
    "losses",
    "numbers_of_clusters",
    "probes",
    "rankings",
    "reliability",
    "runs",
    "series_style",
    "shared_map",
    "shift_lab",
    "similarity_matrix",
    "styled",
    "trade_off",
    "view_grid",
    "worth",
]
