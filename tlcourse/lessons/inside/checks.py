"""The exercises of the lesson."""

import re

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
TIE = 0.02  # what five draws of the labels cannot tell apart


def _divided(complaint):
    """Whether the complaint is about pixels that end at one or below."""
    found = re.search(r"lie in [-\d.e]+ to ([-\d.e]+)", complaint)
    return bool(found) and float(found[1]) <= 1


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
                "It counts parameters, not blocks",
                lambda answer: abs(answer - 2 / 5) > 0.001,
                found="Yours is the share of two blocks in five.",
            ),
            Property(
                "It is the share of the last two blocks, and of both",
                lambda answer: abs(answer - LAST_TWO) < 0.002,
                found=lambda answer: f"Yours is {float(answer):.3f}.",
            ),
        ],
        hints=[
            "A block knows how many parameters it has; so does the whole backbone.",
            "`resnet.blocks[-2:]` are the last two; each has `.parameters`.",
            "`sum(block.parameters for block in ...) / resnet.parameters`",
        ],
        solution=(
            'resnet = tl.backbones.load("ResNet50", source=None)\n'
            "last_two = resnet.blocks[-2:]\n"
            "answer = sum(block.parameters for block in last_two) / resnet.parameters"
        ),
        explanation="Whoever trains only these two blocks still trains nearly all "
        "parameters. Freezing early blocks saves time, but hardly any parameters.",
    ),
    Exercise(
        name="inside.2",
        title="The wrong scale",
        expects="a text, what the backbone said",
        properties=[
            Property("It is a text", lambda answer: isinstance(answer, str)),
            Property(
                "The backbone complained",
                lambda answer: answer.strip() not in ("", "it said nothing"),
                found="It said nothing: these pixels were as it wants them.",
            ),
            Property(
                "It complained about the range of the pixels",
                lambda answer: "Pixels must lie in" in answer,
            ),
            Property(
                "The pixels that it saw had been divided by 255",
                _divided,
                found=lambda answer: f"It said: {answer}",
            ),
        ],
        hints=[
            "Many tutorials scale pixels themselves before they call a network. Do it.",
            "`cat / 255` lies between 0 and 1.",
            "Inside `try`: `densenet.preprocess(cat / 255)`",
        ],
        solution=(
            'densenet = tl.backbones.load("DenseNet121", source=None)\n'
            'answer = "it said nothing"\n'
            "try:\n"
            "    densenet.preprocess(cat / 255)\n"
            "except ValueError as complaint:\n"
            "    answer = str(complaint)"
        ),
        explanation="Keras's own `densenet.preprocess_input` divides by 255, too, and "
        "would have done it twice, without a word.",
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
                "On the validation split no block is better than it by more than "
                f"{TIE:g}, which is what five draws can tell apart",
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
        "handwriting. Only now, with the choice "
        "made, may the test split be asked what it is worth.",
    ),
]
