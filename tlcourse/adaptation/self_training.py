"""Self-training: the target's pictures, labelled by the model itself."""

from __future__ import annotations

import numpy as np

from tlcourse.adaptation.adapted import Adapted, features_of, fit_head
from tlcourse.adaptation.features import source_only


def pseudo_labels(
    backbone, source, target_images, *, seed=0, threshold=0.9, rounds=5
):  # fmt: skip
    """Believe the answers that are sure, learn from them, and ask again.

    For the other parameters, result and errors see `source_only`.

    Parameters
    ----------
    threshold : float
        A target image counts as labelled where the likeliest class has at least this
        probability, 0-1.
    rounds : int
        How often the images are labelled and the head is fitted anew; 0 is
        `source_only`.

    References
    ----------
    Lee (2013), Pseudo-label: the simple and efficient semi-supervised learning method
    for deep neural networks.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must lie between 0 and 1, not {threshold!r}.")
    model = source_only(backbone, source, target_images)
    ours, theirs = model.source_features, features_of(backbone, target_images)
    for _ in range(rounds):
        chances = model.predict(target_images)
        sure = chances.max(1) >= threshold
        guessed = chances.argmax(1)
        head = fit_head(
            np.concatenate([ours, theirs[sure]]),
            np.concatenate([source.labels, guessed[sure]]),
        )
        model = Adapted(backbone, head, ours)
    return model
