"""The functions that the lesson writes out."""

import numpy as np
import pytest

from tests.helpers import defined
from tlcourse import transferability


def test_leep_of_the_lesson_is_the_packages():
    rng = np.random.default_rng(0)
    odds = rng.uniform(0.1, 1, (50, 7))
    probabilities, labels = odds / odds.sum(1, keepdims=True), np.arange(50) % 10
    found = defined("choosing", "leep")["leep"](probabilities, labels)
    assert found == pytest.approx(transferability.leep(probabilities, labels))
