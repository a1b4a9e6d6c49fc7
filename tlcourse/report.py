"""A report on a trained model: is it as right as it is sure, and right in each group?

The functions take any Keras model that gives probabilities or logits, together with
its pictures, or the probabilities themselves, (n, classes). A softmax over the classes,
a sigmoid over two classes, and the logits of both are understood: what lies between 0
and 1 are probabilities, all else are logits.

>>> tl.report.ece(model, labels, images)
>>> tl.report.ece(model, images=test)  # a tf.data.Dataset of images and labels
>>> tl.report.ece(probabilities, labels)

This is a report on a model. That on a folder of pictures is ``task.report``, that on
the installation is ``tl.setup_check.report()``.
"""

from __future__ import annotations

import inspect

import numpy as np

EDGES = (0.05, 20.0)  # between these a temperature is looked for


def ece(answers, labels=None, images=None, *, bins=10):
    """Give the expected calibration error: how far confidence is from accuracy.

    Answers are put into bins by their confidence, the largest probability. The
    difference of mean confidence and accuracy in each bin is averaged over all answers.

    Parameters
    ----------
    answers : keras.Model, Run, or ndarray of shape (n, classes)
        A model, or its probabilities or logits. Of a sigmoid: (n, 1) or (n,).
    labels : array_like, int, (n,), optional
        Class numbers; needed unless ``images`` is a data set that has them.
    images : array or tf.data.Dataset, optional
        What the model takes, (n, height, width, 3) as it wants them; needed for a
        model. A data set has batches of images and labels.
    bins : int
        Equal parts of the confidence from 0 to 1.

    Returns
    -------
    float
        0 where confidence is right, at most 1. Few pictures make it larger: it is
        rough below a hundred.

    Raises
    ------
    ValueError
        If there are no answers, answers and labels do not fit, or bins is below 1.

    References
    ----------
    Guo, Pleiss, Sun & Weinberger (2017), On calibration of modern neural networks.
    """
    if bins < 1:
        raise ValueError(f"ece needs at least one bin, and bins is {bins}.")
    chances, labels = _checked("ece", answers, labels, images)
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    inside = [place == k for k in np.unique(place)]
    gaps = [abs(confidence[i].mean() - right[i].mean()) * i.mean() for i in inside]
    return float(sum(gaps))


def temperature(answers, labels=None, images=None):
    """Give the number by which logits are divided so that the loss is lowest.

    Above 1 it makes a model less sure, below 1 surer. It changes no answer. Choose it
    on validation pictures, never on those of the test.

    Parameters
    ----------
    answers, labels, images
        See `ece`.

    Returns
    -------
    float
        From 0.05 to 20.

    Raises
    ------
    ValueError
        If there are no answers, or answers and labels do not fit.

    References
    ----------
    Guo, Pleiss, Sun & Weinberger (2017), On calibration of modern neural networks.
    """
    from scipy.optimize import minimize_scalar

    chances, labels = _checked("temperature", answers, labels, images)

    def loss(power):
        of_label = cooled(chances, np.exp(power))[np.arange(len(labels)), labels]
        return -np.log(of_label + 1e-9).mean()

    bounds = tuple(np.log(EDGES))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def cooled(answers, temperature, images=None):
    """Divide the logits by a temperature.

    Parameters
    ----------
    answers, images
        See `ece`.
    temperature : float
        From `temperature`.

    Returns
    -------
    ndarray, float, (n, classes)
        Probabilities.

    Raises
    ------
    ValueError
        If there are no answers, or the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"A temperature is above 0, and this one is {temperature}.")
    from scipy.special import softmax

    logits = np.log(_chances("cooled", answers, images) + 1e-9)
    return softmax(logits / temperature, axis=1)


def slices(answers, labels=None, images=None, *, by):
    """Give the accuracy in each slice of the pictures, the worst first.

    Parameters
    ----------
    answers, labels, images
        See `ece`.
    by : dict of str to array_like, (n,)
        What makes the slices, such as ``{"class": names, "place": places}``. Each
        combination that occurs is one slice.

    Returns
    -------
    pandas.DataFrame
        A row a slice: the columns of ``by``, ``n`` pictures, ``accuracy`` (0-1), and
        ``low`` and ``high``, the ends of its 95 % interval (Wilson).

    Raises
    ------
    ValueError
        If answers, labels and ``by`` do not fit.

    References
    ----------
    Sagawa, Koh, Hashimoto & Liang (2020), Distributionally robust neural networks for
    group shifts; Wilson (1927) for the interval.
    """
    import pandas
    from scipy.stats import binomtest

    chances, labels = _checked("slices", answers, labels, images)
    for name, values in dict(by).items():
        if np.shape(values) != labels.shape:
            raise ValueError(
                f"slices needs one value of {name!r} for each picture: there are "
                f"{len(labels)} pictures, and the values have the shape "
                f"{np.shape(values)}."
            )
    if not by:
        raise ValueError("slices needs something to slice by, such as by={'class': …}.")
    right = chances.argmax(axis=1) == labels
    groups = pandas.DataFrame({**by, "right": right}).groupby(list(by), sort=False)
    counts = groups["right"].agg(n="count", right="sum").reset_index()
    ends = [
        binomtest(int(row["right"]), int(row["n"])).proportion_ci(method="wilson")
        for row in counts.to_dict("records")
    ]
    table = counts.assign(
        accuracy=counts["right"] / counts["n"],
        low=[each.low for each in ends],
        high=[each.high for each in ends],
    ).drop(columns="right")
    return table.sort_values("accuracy", kind="stable", ignore_index=True)


def flip_rate(answers, changed, images=None):
    """Give the share of pictures whose answer becomes another; no label is needed.

    Parameters
    ----------
    answers, images
        See `ece`.
    changed : callable or array
        For a model: a function of the images, or the changed images themselves. For
        probabilities: those of the changed images, (n, classes).

    Returns
    -------
    float
        From 0 to 1. For a change that should not matter, 0 is best.

    Raises
    ------
    ValueError
        If there are no answers, or not as many before as after.

    References
    ----------
    Ribeiro, Wu, Guestrin & Singh (2020), Beyond accuracy: behavioral testing of NLP
    models with CheckList (invariance tests).
    """
    if hasattr(images, "as_numpy_iterator"):
        images = np.concatenate([batch for batch, _ in images.as_numpy_iterator()])
    before = _chances("flip_rate", answers, images)
    if hasattr(answers, "predict"):
        after = changed(images) if callable(changed) else changed
        after = _chances("flip_rate", answers, after)
    else:
        after = _chances("flip_rate", changed, None)
    if before.shape != after.shape:
        raise ValueError(
            f"flip_rate needs the same pictures before and after: the answers have "
            f"the shapes {before.shape} and {after.shape}."
        )
    return float((before.argmax(axis=1) != after.argmax(axis=1)).mean())


def _checked(what, answers, labels, images):
    """Probabilities (n, classes) and labels (n,) that fit them."""
    if hasattr(images, "as_numpy_iterator") and labels is None:
        # Batch by batch: a data set that shuffles gives another order each time.
        pairs = list(images.as_numpy_iterator())
        images, labels = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    chances = _chances(what, answers, images)
    if labels is None:
        raise ValueError(f"{what} needs the labels of the pictures.")
    labels = np.asarray(labels)
    if labels.shape != chances.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{what} needs one class number for each answer: the answers have the "
            f"shape {chances.shape}, and the labels are {labels.dtype} of the shape "
            f"{labels.shape}."
        )
    if labels.min() < 0 or labels.max() >= chances.shape[1]:
        raise ValueError(
            f"{what} needs labels from 0 to {chances.shape[1] - 1}, since there are "
            f"{chances.shape[1]} classes, and these go from {labels.min()} to "
            f"{labels.max()}."
        )
    return chances, labels


def _chances(what, answers, images):
    """What a model says of images, or an array of answers, as probabilities."""
    if hasattr(answers, "predict"):
        if images is None:
            raise ValueError(
                f"{what} needs the images that the model is to answer: images=…."
            )
        known = inspect.signature(answers.predict).parameters
        options = {"verbose": 0} if "verbose" in known else {}
        answers = answers.predict(images, **options)
    values = np.asarray(answers, dtype=float)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or not values.size:
        raise ValueError(
            f"{what} needs answers of the shape (n, classes), and these have the shape "
            f"{values.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{what} found answers that are no numbers (nan, inf).")
    return _as_probabilities(what, values)


def _as_probabilities(what, values):
    from scipy.special import expit, softmax

    within = values.min() >= 0 and values.max() <= 1 + 1e-3
    if values.shape[1] == 1:
        one = values.clip(0, 1) if within else expit(values)
        return np.concatenate([1 - one, one], axis=1)
    if not within:
        return softmax(values, axis=1)
    if not np.allclose(values.sum(axis=1), 1, atol=1e-2):
        raise ValueError(
            f"{what} needs probabilities that sum to 1 for each picture, or logits: "
            "these lie between 0 and 1 and sum to something else."
        )
    return values
