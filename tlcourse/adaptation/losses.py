"""What the deep methods add to the loss, as Keras functions and layers."""

from __future__ import annotations

from tlcourse.quiet import import_keras

keras = import_keras()
ops = keras.ops

BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the kernels, in mean squared distances


def coral_loss(source, target):
    """How far the covariances are apart.

    Parameters
    ----------
    source, target : tensor, (n, d), (m, d)

    Returns
    -------
    tensor, ()

    References
    ----------
    Sun & Saenko (2016), Deep CORAL: correlation alignment for deep domain adaptation.
    """
    d = source.shape[-1]
    gap = _covariance(source) - _covariance(target)
    return ops.sum(ops.square(gap)) / (4 * d**2)


def _covariance(features):
    count = ops.cast(ops.shape(features)[0], features.dtype)
    centred = features - ops.mean(features, axis=0)
    return ops.transpose(centred) @ centred / (count - 1)


def mmd_loss(source, target):
    """Maximum mean discrepancy: how far two samples are apart, by several kernels.

    Within a sample, examples are alike by as much as between the samples only if both
    come from one distribution. It is 0 for equal samples and never negative.

    Parameters
    ----------
    source, target : tensor, (n, d), (m, d)

    Returns
    -------
    tensor, ()

    References
    ----------
    Gretton et al. (2012), A kernel two-sample test, JMLR. Long et al. (2015), Learning
    transferable features with deep adaptation networks (DAN), ICML.
    """
    n, both = ops.shape(source)[0], ops.concatenate([source, target])
    squares = ops.sum(ops.square(both), axis=1)
    distances = squares[:, None] + squares - 2 * both @ ops.transpose(both)
    unit = ops.stop_gradient(ops.mean(distances)) + keras.config.epsilon()
    alike = sum(ops.exp(-distances / (b * unit)) for b in BANDWIDTHS) / len(BANDWIDTHS)
    within = ops.mean(alike[:n, :n]) + ops.mean(alike[n:, n:])
    return within - 2 * ops.mean(alike[:n, n:])


class Alignment(keras.layers.Layer):
    """Adds to the loss what sets the two domains' features apart.

    Parameters
    ----------
    loss : callable
        Of both domains' features, such as `mmd_loss`.
    weight : float
        How much it counts beside the task's loss.
    """

    def __init__(self, loss, weight):
        super().__init__()
        self.loss, self.weight = loss, weight

    def call(self, features):
        source, target = features
        self.add_loss(self.weight * self.loss(source, target))
        return source


class GradientReversal(keras.layers.Layer):
    """Lets features through, and turns the gradient that comes back round."""

    def call(self, features, strength):
        @ops.custom_gradient
        def reverse(x):
            def gradient(*args, upstream=None):  # Keras's two ways to hand it over
                return -strength * (args[0] if upstream is None else upstream)

            return ops.copy(x), gradient

        return reverse(features)


class Adversary(keras.layers.Layer):
    """Tells the domains apart, while the features learn that it can't.

    One loss serves both: the classifier makes it small, and what comes before the
    reversal makes it large. The reversal starts at 0 and grows, since at first neither
    the features nor the classifier are worth being fooled.

    Parameters
    ----------
    weight : float
        Where the reversal's strength ends.
    steps : int
        Of the whole training.
    """

    def __init__(self, weight, steps):
        super().__init__()
        self.weight, self.steps = weight, steps
        self.reversal = GradientReversal()
        self.classifier = keras.Sequential([
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(1),
        ])  # fmt: skip

    def build(self, shapes):
        self.classifier.build(shapes[0])
        self.step = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, features, training=False):
        if training:
            self.step.assign_add(1.0)
        strength = self.weight * ramp(self.step / self.steps)
        both = self.reversal(ops.concatenate(features), strength=strength)
        said = self.classifier(both)
        true = [d * ops.ones((ops.shape(f)[0], 1)) for d, f in enumerate(features)]
        wrong = keras.losses.binary_crossentropy(
            ops.concatenate(true), said, from_logits=True
        )
        self.add_loss(ops.mean(wrong))
        return features[0]


def ramp(progress):
    """Strength of the reversal, from 0 to nearly 1, for 0-1 of the training.

    References
    ----------
    Ganin et al. (2016), Domain-adversarial training of neural networks, JMLR.
    """
    return 2 / (1 + ops.exp(-10 * progress)) - 1


class Entropy(keras.layers.Layer):
    """Adds to the loss how unsure the answers are; logits (n, classes) pass through."""

    def call(self, logits):
        chances, logs = ops.softmax(logits), ops.log_softmax(logits)
        self.add_loss(-ops.mean(ops.sum(chances * logs, axis=1)))
        return logits
