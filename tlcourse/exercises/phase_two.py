"""What an answer that prepares phase two lets train, found by training."""

import numpy as np


def prepared(answer, encoder):
    """Put a head on an encoder of texts, train that, call the answer, and fit again.

    Parameters
    ----------
    answer : callable
        The learner's function, which takes the whole model and changes it.
    encoder : keras.Model
        Numbers of pieces, int (n, length), to features.

    Returns
    -------
    moved : set of str
        The layers of which the last fit has moved a weight; "head" is the new one.
    rate : float
        The learning rate.
    """
    from tlcourse.quiet import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(0)
    chances = keras.layers.Dense(2, activation="softmax", name="head")(encoder.output)
    model = keras.Model(encoder.input, chances)
    for layer in model.layers:
        layer.trainable = layer.name == "head"
    model.compile("sgd", "sparse_categorical_crossentropy")
    ids = np.random.default_rng(0).integers(1, 9, (8, encoder.input_shape[1]))
    model.fit(ids, np.arange(8) % 2, verbose=0)
    answer(model)
    before = {each.path: np.asarray(each) for each in model.variables}
    model.fit(ids, np.arange(8) % 2, verbose=0)
    moved = {
        each.path.partition("/")[0]
        for each in model.variables
        if (np.asarray(each) != before[each.path]).any()
    }
    return moved, float(np.asarray(model.optimizer.learning_rate))
