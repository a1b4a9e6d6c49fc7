"""The exercises of the lesson."""

from tlcourse.exercises.model import Exercise, Property

# The share of ResNet50's parameters (without top) in its blocks conv4 and conv5.
LAST_TWO = (7_129_088 + 14_998_528) / 23_587_712

# Probes of the backbone "photos" on the validation split of "digits", 10 labels per
# class, mean of seeds 0 to 4. tests/lessons/inside measures them again.
ON_VAL = {
    "stem": 0.288, "block1": 0.486, "block2": 0.639, "block3": 0.661,
    "block4": 0.729, "block5": 0.784, "block6": 0.803, "block7": 0.828,
    "block8": 0.833, "block9": 0.763, "block10": 0.732, "block11": 0.686,
    "block12": 0.683, "block13": 0.539,
}  # fmt: skip
LAYERS = 94 / 175  # the share of their layers
TIE = 0.02  # what five draws of the labels cannot tell apart


# --- inside.2 a model that puts out maps ----------------------------------------------

BLOCK = 9


def _is_model(model):
    from tlcourse.quiet import import_keras

    return isinstance(model, import_keras().Model)


def _gives_what_the_block_gives(model):
    return model.layers[-1].name == _last_layer()


def _last_layer():
    from tlcourse import backbones

    backbone = backbones.load("mobilenet", source=None, input_size=128)
    return backbone.blocks[BLOCK].output


EXERCISES = [
    Exercise(
        name="inside.1",
        title="Where the parameters are",
        expects="a number from 0 to 1",
        properties=[
            Property(
                "It is a share, from 0 to 1",
                lambda answer: 0 <= float(answer) <= 1,
                found=lambda answer: f"Yours is {float(answer):.3g}.",
            ),
            Property(
                "It counts parameters, not layers",
                lambda answer: abs(answer - LAYERS) > 0.001,
                found="Yours is the share of the layers.",
            ),
            Property(
                "It is the share of the last two blocks, and of both",
                lambda answer: abs(answer - LAST_TWO) < 0.002,
                found=lambda answer: f"Yours is {float(answer):.3f}.",
            ),
        ],
        hints=[
            "A Keras layer can tell how many parameters it has, and so can a model.",
            "`layer.count_params()` is that number for one layer.",
            "`sum(layer.count_params() for layer in late) / resnet.count_params()`",
        ],
        solution=(
            "import keras\n\n"
            "resnet = keras.applications.ResNet50(weights=None, include_top=False)\n"
            'names = ("conv4_", "conv5_")\n'
            "late = [x for x in resnet.layers if x.name.startswith(names)]\n"
            "answer = sum(x.count_params() for x in late) / resnet.count_params()"
        ),
        explanation="Whoever trains only these two blocks still trains nearly all "
        "parameters. Freezing early blocks saves time, but hardly any parameters.",
    ),
    Exercise(
        name="inside.2",
        title="A model that puts out maps",
        expects="a Keras model",
        properties=[
            Property("It is a Keras model", _is_model),
            Property(
                "It takes the pictures of the lesson's MobileNet",
                lambda model: model.input_shape == (None, 128, 128, 3),
                found=lambda model: f"Yours takes {model.input_shape}.",
            ),
            Property(
                "It puts out maps, not their average",
                lambda model: len(model.output_shape) == 4,
                found=lambda model: f"Yours puts out {model.output_shape}.",
            ),
            Property(
                "Its last layer is the last one of the block that is asked for",
                _gives_what_the_block_gives,
                found=lambda model: f"Yours ends at {model.layers[-1].name}.",
            ),
        ],
        hints=[
            "The lesson's function `up_to` does it for another base.",
            "`trained.model.get_layer(name).output` is what a layer puts out.",
            "`keras.Model(trained.model.input, ...)`, with the output of the layer "
            "whose name is `trained.blocks[9].output`.",
        ],
        solution=(
            "import keras\n\n"
            "layer = trained.model.get_layer(trained.blocks[9].output)\n"
            "answer = keras.Model(trained.model.input, layer.output)"
        ),
        explanation="Nothing is copied: both models share their layers. On such maps "
        "you can train a head of your own, and leave the later blocks away.",
    ),
    Exercise(
        name="inside.3",
        title="Choose a block without the test split",
        expects='the name of a block, as in "block13"',
        properties=[
            Property(
                "It is the name of a block of this backbone",
                lambda answer: answer in ON_VAL,
            ),
            Property(
                f"On the validation split no block is more than {TIE:g} better. (Five "
                "draws cannot show smaller differences)",
                lambda answer: ON_VAL[answer] >= max(ON_VAL.values()) - TIE,
                found=lambda answer: (
                    f"The probe of your {answer} reaches {ON_VAL[answer]:.2f} there."
                ),
            ),
        ],
        hints=[
            "The probes above were scored on the test split. Another split may be "
            "looked at as often as you like.",
            '`tl.probes.probe_blocks(..., split="val")`, then `tl.tables.summarise`.',
            'The row with the largest mean: `summary.loc[summary["mean"].idxmax()]`',
        ],
        solution=(
            'narrow = tl.backbones.load("mobilenet", source="photos")\n'
            "seeds = range(5)\n"
            'table = tl.probes.probe_blocks(narrow, "digits", 10, seeds, split="val")\n'
            'summary = tl.tables.summarise(table, ["block"])\n'
            'answer = summary.loc[summary["mean"].idxmax(), "block"]'
        ),
        explanation="The last block, which most programs take, is far behind, and no "
        "better than with random weights: its source, ten photographs, is far from "
        "handwriting. And the best block is still "
        "behind the pixels (0.89): a good choice of block does not mend a poor source. "
        "Only now, with the choice made, may the test split be asked what it is worth.",
    ),
]
