"""The exercises of the lesson."""

import numpy as np
import pandas

from tlcourse.exercises.model import Exercise, Property

# Two strategies with made-up accuracies, to try the learner's function on.
MADE_UP = pandas.DataFrame({
    "strategy": ["slow", "quick"] * 4,
    "per_class": np.repeat([3, 9, 30, 90], 2),
    "mean": [0.20, 0.55, 0.45, 0.80, 0.70, 0.85, 0.90, 0.95],
})  # fmt: skip


def _is_number(found):
    return isinstance(found, (int, np.integer)) and not isinstance(found, bool)


def _classes(run):
    return len(run.weights[-1])


EXERCISES = [
    Exercise(
        name="why.1",
        title="How few labels are enough?",
        expects="a function of a summary, a strategy and a goal",
        properties=[
            Property(
                "It gives one whole number",
                lambda fewest: _is_number(fewest(MADE_UP, "slow", 0.5)),
                found=lambda fewest: f"Yours gives {fewest(MADE_UP, 'slow', 0.5)!r}.",
            ),
            Property(
                "It looks at the rows of its strategy alone",
                lambda fewest: fewest(MADE_UP, "slow", 0.3) == 9,
                found=lambda fewest: (
                    "In a made-up summary the first strategy has 0.20 with 3 labels "
                    "per class. Asked when it reaches 0.30, yours gives "
                    f"{fewest(MADE_UP, 'slow', 0.3)}."
                ),
            ),
            Property(
                "It minds the goal",
                lambda fewest: (
                    fewest(MADE_UP, "quick", 0.82) == 30
                    and fewest(MADE_UP, "quick", 0.5) == 3
                ),
                found=lambda fewest: (
                    "For one strategy and the goals 0.50 and 0.82, yours gives "
                    f"{fewest(MADE_UP, 'quick', 0.5)} and "
                    f"{fewest(MADE_UP, 'quick', 0.82)}."
                ),
            ),
            Property(
                "It finds the right number whatever the order of the rows",
                lambda fewest: fewest(MADE_UP[::-1], "slow", 0.6) == 30,
                found="With the rows of the summary turned round, yours gives another.",
            ),
        ],
        hints=[
            "Which rows of the summary belong to the strategy and reach the goal?",
            "`summary.query(...)` chooses rows; inside, `@goal` is your variable.",
            "Of the rows that are left, take the smallest `per_class`, as an `int`.",
        ],
        solution="""\
def answer(summary, strategy, goal):
    enough = summary.query("strategy == @strategy and mean >= @goal")
    return int(enough["per_class"].min())
""",
    ),
    Exercise(
        name="why.2",
        title="Another source, another target",
        expects="two runs, as tl.transfer gives them: `(transferred, from_scratch)`",
        properties=[
            Property("There are two runs", lambda runs: len(runs) == 2),
            Property(
                "Both tell ten digits apart",
                lambda runs: [_classes(run) for run in runs] == [10, 10],
                found=lambda runs: (
                    f"Yours have {_classes(runs[0])} and {_classes(runs[1])} classes."
                ),
            ),
            Property(
                "The first comes from letters, with every block frozen",
                lambda runs: (
                    runs[0].backbone.source == "glyphs" and not runs[0].plan.trainable
                ),
                found=lambda runs: f"Its source is {runs[0].backbone.source!r}.",
            ),
            Property(
                "The second starts from random weights, with every block trained",
                lambda runs: (
                    runs[1].backbone.source is None
                    and len(runs[1].plan.trainable) == len(runs[1].backbone.blocks)
                ),
                found=lambda runs: f"Its source is {runs[1].backbone.source!r}.",
            ),
            Property(
                "Both trained for as many epochs",
                lambda runs: (
                    len(runs[0].history["loss"]) == len(runs[1].history["loss"])
                ),
                found=lambda runs: (
                    f"Yours trained for {len(runs[0].history['loss'])} and "
                    f"{len(runs[1].history['loss'])}."
                ),
            ),
        ],
        hints=[
            "The two runs above are the pattern. What changes is the task, and the "
            "backbone of the first run.",
            '`tl.datasets.load("digits", per_class=10)`, and '
            '`tl.backbones.load("mobilenet", source="glyphs")`.',
            "`tl.FreezePlan.features(letters)` goes with the letters, and "
            "`tl.FreezePlan.all(random)` with the random weights. Both take one task.",
        ],
        solution="""\
digits = tl.datasets.load("digits", per_class=10, seed=0)
letters = tl.backbones.load("mobilenet", source="glyphs")
random = tl.backbones.load("mobilenet", source=None)
answer = (
    tl.transfer(letters, digits, tl.FreezePlan.features(letters), seed=0),
    tl.transfer(random, digits, tl.FreezePlan.all(random), seed=0),
)
""",
    ),
    Exercise(
        name="why.3",
        title="Which comparisons are fair?",
        expects='a set of letters, such as {"a", "b"}',
        properties=[
            Property(
                "It is a set of letters from a to d",
                lambda letters: isinstance(letters, set) and letters <= set("abcd"),
            ),
            Property(
                "Nothing unfair is in it",
                lambda letters: letters <= {"b", "d"},
                found=lambda letters: (
                    "Look again for one that gives a side more labels, more tries or "
                    "a look at the test split."
                ),
            ),
            Property(
                "Nothing fair is missing",
                lambda letters: letters >= {"b", "d"},
            ),
        ],
        hints=[
            "What may differ between two sides of a comparison? Only what is compared.",
            "Who saw how many labels, who had how many tries, who saw the test split?",
            "Two of the four are fair. In one of them the sides differ in cost, and it "
            "says so.",
        ],
        solution='answer = {"b", "d"}',
        explanation="In a) one side has more labels. In c) the best of ten tries was "
        "chosen by the test split, which was to be opened once.",
    ),
]
