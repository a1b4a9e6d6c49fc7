"""Adam with a learning rate of its own for each weight; Keras has one for all."""

import keras


@keras.saving.register_keras_serializable("tlcourse")
class BlockwiseAdam(keras.optimizers.Adam):
    """Adam whose steps are scaled, weight by weight.

    Dividing a gradient would change nothing, since Adam divides by its size: what has
    to be scaled is the step.

    Parameters
    ----------
    scales : list of float
        What the learning rate is multiplied by, for each trainable weight in order.
    **options
        Those of ``keras.optimizers.Adam``.
    """

    def __init__(self, scales, **options):
        super().__init__(**options)
        self.scales = list(scales)

    def get_config(self):
        """Give what a saved optimizer is made again from."""
        return {**super().get_config(), "scales": self.scales}

    def update_step(self, gradient, variable, learning_rate):
        """Move one weight; Keras calls this for each of them."""
        scale = self.scales[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * scale)
