"""Keras layers that add to the loss what a deep method wants of the features.

They reckon in float32, whatever the policy: in float16 a squared distance is soon
infinite. Importing this module starts Keras, so only what builds a network imports it.
"""

from __future__ import annotations

from tlcourse.adaptation.losses import entropy, ramp
from tlcourse.quiet import import_keras

keras = import_keras()
ops = keras.ops


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
        super().__init__(dtype="float32")
        self.loss, self.weight = loss, weight

    def call(self, features):
        source, target = features
        self.add_loss(self.weight * self.loss(source, target))
        return source


class GradientReversal(keras.layers.Layer):
    """Lets features through, and turns the gradient that comes back round."""

    def __init__(self):
        super().__init__(dtype="float32")

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
    reversal makes it large. The reversal starts at 0 and grows to ``weight`` in the
    ``steps`` of the training, since at first neither the features nor the classifier
    are worth being fooled.
    """

    def __init__(self, weight, steps):
        super().__init__(dtype="float32")
        self.weight, self.steps = weight, steps
        self.reversal = GradientReversal()
        self.classifier = keras.Sequential([
            keras.layers.Dense(64, activation="relu", dtype="float32"),
            keras.layers.Dense(1, dtype="float32"),
        ])  # fmt: skip

    def build(self, shapes):
        self.classifier.build(shapes[0])
        self.step = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, features, training=False):
        if training:
            self.step.assign_add(1.0)
        strength = self.weight * ramp(self.step / self.steps)
        both = self.reversal(ops.concatenate(features), strength=strength)
        domains = [d * ops.ones((ops.shape(f)[0], 1)) for d, f in enumerate(features)]
        errors = keras.losses.binary_crossentropy(
            ops.concatenate(domains), self.classifier(both), from_logits=True
        )
        self.add_loss(ops.mean(errors))
        return features[0]


class Entropy(keras.layers.Layer):
    """Adds to the loss how unsure the answers are; logits (n, classes) pass through."""

    def __init__(self):
        super().__init__(dtype="float32")

    def call(self, logits):
        self.add_loss(entropy(logits))
        return logits
