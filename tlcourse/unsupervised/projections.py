"""Many features drawn as two."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler

from tlcourse.threads import one_thread

METHODS = ("pca", "tsne")


@one_thread
def project(features, method="pca", *, seed=0):
    """Put pictures in a plane, for looking at them.

    Parameters
    ----------
    features : array, (n, d)
    method : str
        ``"pca"``: the two directions in which features differ most. ``"tsne"``:
        neighbours stay neighbours, distances mean nothing.
    seed : int

    Returns
    -------
    ndarray, float, (n, 2)

    Raises
    ------
    ValueError
        If there is no such method.

    References
    ----------
    Pearson (1901), On lines and planes of closest fit. van der Maaten & Hinton (2008),
    Visualizing data using t-SNE, JMLR.
    """
    if method not in METHODS:
        raise ValueError(
            f"There is no projection {method!r}. Choose one of {', '.join(METHODS)}."
        )
    features = StandardScaler().fit_transform(np.asarray(features, float))
    if method == "pca":
        return PCA(2, random_state=seed).fit_transform(features)
    near = min(30, (len(features) - 1) / 3)
    flat = TSNE(init="pca", perplexity=near, random_state=seed)
    return flat.fit_transform(features)
