"""The exercises of the lesson."""

import numpy as np

from tlcourse.exercises.model import Exercise, Property


def _counts(task):
    return np.bincount(task.train.labels, minlength=len(task.classes))


def _range(images):
    return f"Yours go from {np.min(images):.3g} to {np.max(images):.3g}."


def _same_picture(images):
    """Whether this is the raw face of the lesson."""
    from tlcourse import datasets

    face = datasets.load("faces").train.images[65]
    # Whole numbers are fine: no grey level is further off than one.
    return np.abs(np.asarray(images, "float32")[0] - face).max() <= 1


EXERCISES = [
    Exercise(
        name="start.1",
        title="Five labels per class",
        expects="a Task, which is what tl.datasets.load gives",
        properties=[
            Property(
                "It is the task faces",
                lambda task: task.name == "faces",
                found=lambda task: f"Yours is {task.name}.",
            ),
            Property(
                "Both classes have the same number of training pictures",
                lambda task: len(set(_counts(task))) == 1,
                found=lambda task: (
                    f"Yours have {' and '.join(map(str, _counts(task)))}."
                ),
            ),
            Property(
                "There are as many training pictures of a class as the exercise says",
                lambda task: len(task.train) == len(task.classes) * 5,
                found=lambda task: f"Yours has {_counts(task)[0]} of each class.",
            ),
            Property(
                "The test split is whole",
                lambda task: len(task.test) == 80,
                found=lambda task: f"Yours has {len(task.test)} test pictures.",
            ),
        ],
        hints=[
            "`tl.datasets.load` can keep a part of the training pictures. Which part, "
            "you say when you call it.",
            "Type `tl.datasets.load?` in a cell of its own and run it: look for "
            "`per_class`.",
            "`tl.datasets.load(name, per_class=number)`, with the name in quotes.",
        ],
        solution='answer = tl.datasets.load("faces", per_class=5)',
        explanation=(
            "`per_class` cuts down the training split alone. Validation and test stay "
            "whole, so that results with few and with many labels can be compared. "
            "Another `seed` takes other examples."
        ),
    ),
    Exercise(
        name="start.2",
        title="A picture as the course wants it",
        expects="a NumPy array of numbers",
        properties=[
            Property(
                "It is an array with four axes: pictures, height, width, channels",
                lambda images: np.ndim(images) == 4,
                found=lambda images: f"Yours has the shape {np.shape(images)}.",
            ),
            Property(
                "It is a batch of one picture",
                lambda images: len(images) == 1,
                found=lambda images: f"Yours holds {len(images)} pictures.",
            ),
            Property(
                "The last axis holds three channels: red, green, blue",
                lambda images: images.shape[-1] == 3,
                found=lambda images: f"Yours holds {images.shape[-1]}.",
            ),
            Property(
                "Height and width are those of the raw picture",
                lambda images: images.shape[1:3] == (25, 25),
                found=lambda images: f"Yours are {images.shape[1:3]}.",
            ),
            Property(
                "The brightest pixels come near the upper end of the range 0-255",
                lambda images: 200 < np.max(images) <= 255 and np.min(images) >= 0,
                found=_range,
            ),
            Property(
                "All channels show the raw picture",
                _same_picture,
                found="The shape and the range are right, but the picture is another.",
            ),
        ],
        hints=[
            "Print `raw.shape` and `raw.max()`. Two axes are missing, and the range is "
            "another.",
            "`raw[None, ..., None]` adds an axis in front and one at the end. "
            "`np.repeat` copies along an axis. The range needs one multiplication.",
            "`np.repeat(four_axes, 3, axis=-1) * 255`, where `four_axes` is the array "
            "from the hint before.",
        ],
        solution=(
            "import numpy as np\n\n"
            "four_axes = raw[None, ..., None]\n"
            "answer = np.repeat(four_axes, 3, axis=-1) * 255"
        ),
        explanation=(
            "Grey is a colour with three equal channels. The range matters as much as "
            "the shape: a network that is fed numbers from 0 to 1 where it was trained "
            "on 0 to 255 says nothing and is wrong more often."
        ),
    ),
]
