"""Figures of the lesson."""

import numpy as np

from tests.test_plots import MANY
from tlcourse.lessons.features.figures import feature_map

FIGURES = {"feature_map": (lambda: feature_map(np.eye(16, 2), np.arange(16), MANY),)}
REFUSED = [
    (r"not \(4, 3\)", lambda: feature_map(np.zeros((4, 3)), [0] * 4, "ab")),
    ("one label per point", lambda: feature_map(np.zeros((4, 2)), [0], "ab")),
    ("2 classes only", lambda: feature_map(np.zeros((1, 2)), [5], "ab")),
]
