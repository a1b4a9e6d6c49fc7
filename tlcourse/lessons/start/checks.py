"""The exercises of the lesson."""

import numpy as np

from tlcourse.exercises.model import Exercise, Property

FEATURES, CLASSES = 1280, 5


def _range(images):
    return f"Yours go from {np.min(images):.3g} to {np.max(images):.3g}."


def _same_picture(images):
    """Whether this is the lesson's picture, up to the way of resizing."""
    from tlcourse import backbones, datasets

    apples = datasets.load("apples", domain="orchard")
    whole = apples.test.images[apples.test.labels == apples.classes.index(NAME)][PLACE]
    whole = np.asarray(backbones.resized(whole[None], SIDE))
    return np.abs(np.asarray(images, "float32") - whole).mean() < 12


NAME, PLACE, SIDE = "Granny Smith", 3, 80  # the lesson's file, and its new size


def _is_model(model):
    from tlcourse.quiet import import_keras

    return isinstance(model, import_keras().Model)


def _trained(model):
    return sum(int(np.prod(each.shape)) for each in model.trainable_variables)


def _knows_photographs(model):
    """Whether the base's weights are those of the file, not random ones."""
    from tlcourse import backbones

    ours = {x.shape: x for x in backbones.load(input_size=96).model.get_weights()}
    theirs = [np.asarray(each) for each in model.non_trainable_variables]
    same = [x for x in theirs if x.shape in ours and x.ndim == 4]
    return any(np.array_equal(x, ours[x.shape]) for x in same)


def _gives_probabilities(model):
    noise = np.random.default_rng(0).uniform(0, 255, (2, 96, 96, 3))
    chances = model.predict(noise, verbose=0)
    return chances.min() >= 0 and np.allclose(chances.sum(axis=1), 1, atol=1e-3)


EXERCISES = [
    Exercise(
        name="start.1",
        title="A picture for the model",
        expects="a NumPy array of numbers",
        properties=[
            Property(
                "It has four axes: pictures, height, width, channels",
                lambda images: np.ndim(images) == 4,
                found=lambda images: f"Yours has the shape {np.shape(images)}.",
            ),
            Property(
                "It is a batch of one picture",
                lambda images: len(images) == 1,
                found=lambda images: f"Yours holds {len(images)} pictures.",
            ),
            Property(
                "Height and width are those that the exercise asks for",
                lambda images: images.shape[1:3] == (SIDE, SIDE),
                found=lambda images: f"Yours are {images.shape[1:3]}.",
            ),
            Property(
                "The last axis holds three channels: red, green, blue",
                lambda images: images.shape[-1] == 3,
                found=lambda images: f"Yours holds {images.shape[-1]}.",
            ),
            Property(
                "The numbers go from 0 to 255, as the backbone expects",
                lambda images: 60 < np.max(images) <= 255 and np.min(images) >= 0,
                found=_range,
            ),
            Property(
                "It is the picture in the file",
                _same_picture,
                found="The shape and the range are right, but the picture is another.",
            ),
        ],
        hints=[
            "`keras.utils.load_img` brings a picture to any size. How did the lesson "
            "ask for one?",
            "`target_size=(height, width)` sets the size. One axis is still missing: "
            "the batch.",
            "`np.expand_dims(picture, axis=0)` puts a picture in a batch of one.",
        ],
        solution=(
            "import keras\n"
            "import numpy as np\n\n"
            "picture = keras.utils.load_img(file, target_size=(80, 80))\n"
            "answer = np.expand_dims(picture, axis=0)"
        ),
        explanation=(
            "A model takes batches, also a batch of one. This backbone scales the "
            "pixels itself. Numbers divided by 255 would give no message, only wrong "
            "names."
        ),
    ),
    Exercise(
        name="start.2",
        title="A head of your own",
        expects="a Keras model",
        properties=[
            Property("It is a Keras model", _is_model),
            Property(
                "It takes pictures of 96 x 96 pixels in colour",
                lambda model: model.input_shape == (None, 96, 96, 3),
                found=lambda model: f"Yours takes {model.input_shape}.",
            ),
            Property(
                "It gives one number per class, for each picture",
                lambda model: model.output_shape == (None, CLASSES),
                found=lambda model: f"Yours puts out {model.output_shape}.",
            ),
            Property(
                "Something of it trains",
                lambda model: _trained(model) > 0,
                found="In yours everything is frozen.",
            ),
            Property(
                "Only a linear head on the features trains",
                lambda model: _trained(model) == (FEATURES + 1) * CLASSES,
                found=lambda model: f"In yours {_trained(model):,} weights train.",
            ),
            Property(
                "The base has the weights that photographs have taught it",
                _knows_photographs,
                found="No layer of yours has the weights of the lesson's base.",
            ),
            Property(
                "The numbers of a picture are probabilities: they sum to 1",
                _gives_probabilities,
                found="The numbers of a picture of noise do not sum to 1 in yours.",
            ),
        ],
        hints=[
            "The lesson builds such a model in four lines. One number in them changes.",
            "`base` is frozen already, and you may use it again. The Dense layer says "
            "how many classes there are.",
            "Input, `base(pictures)`, GlobalAveragePooling2D, Dense with "
            '`activation="softmax"`, and a `keras.Model` from first to last.',
        ],
        solution=(
            "import keras\n\n"
            "base.trainable = False\n"
            "pictures = keras.Input((96, 96, 3))\n"
            "features = keras.layers.GlobalAveragePooling2D()(base(pictures))\n"
            'chances = keras.layers.Dense(5, activation="softmax")(features)\n'
            "answer = keras.Model(pictures, chances)"
        ),
        explanation=(
            "The backbone does not know how many classes you have; the head does. Two "
            "models may share one base: while it is frozen, no training of the one "
            "changes the other."
        ),
    ),
]
