"""What the lesson says: the source matters. Measured anew, over 5 seeds."""

import tlcourse as tl
from tests.helpers import load_backbone
from tests.lessons.measured import SEEDS, accuracies, flat, trained

PER_CLASS = 5


def three(target):
    """Accuracies of pixels, photographs and letters, one for each seed."""
    sources = ("imagenet_distilled", "glyphs")
    views = (flat, *(load_backbone(source).features for source in sources))
    return [accuracies(view, target, PER_CLASS) for view in views]


def test_on_digits_letters_win_and_photographs_lose_to_pixels():
    pixels, photographs, letters = three("digits")
    letters, photographs = letters - pixels, photographs - pixels
    assert letters.min() > 0 and letters.mean() > 0.05
    assert photographs.max() < 0 and photographs.mean() < -0.05  # negative transfer


def test_on_faces_photographs_win_and_both_sources_beat_pixels():
    pixels, photographs, letters = three("faces")
    photographs, letters = photographs - letters, letters - pixels
    assert photographs.min() > 0 and photographs.mean() > 0.02
    assert letters.min() > 0 and letters.mean() > 0.05


def test_fifty_labelled_digits_and_a_head_are_enough():
    backbone = load_backbone("glyphs")
    plan = tl.FreezePlan.features(backbone)
    task = tl.datasets.load("digits", per_class=PER_CLASS)
    assert len(task.train) == 50 and len(task.classes) == 10
    scores = []
    for seed in SEEDS:
        run = trained(backbone, "digits", plan, PER_CLASS, seed)
        scores.append(run.test_accuracy)
        assert run.frozen_parameters == backbone.parameters
        assert run.trainable_parameters == (256 + 1) * 10  # the head alone
    assert min(scores) > 0.9
