"""The exercises, widget and its figures."""

import numpy as np
import pytest

import tlcourse as tl
from tlcourse.datasets.photos import photograph
from tlcourse.exercises import check
from tlcourse.lessons.inside import checks, figures, widget
from tlcourse.lessons.inside.widget import Looks, colour_card, middle

EXERCISES = {exercise.name: exercise for exercise in checks.EXERCISES}
START = {
    "inside.1": 2 / 5,
    "inside.2": "it said nothing",
    "inside.3": "block13",
}


@pytest.mark.parametrize("number", EXERCISES)
def test_a_solution_passes_and_the_start_does_not(number, capsys):
    names = {"tl": tl, "cat": photograph("cat")[None, :, 75:375]}
    exec(EXERCISES[number].solution, names)
    check(number, names["answer"])
    assert "passes" in capsys.readouterr().out
    check(number, START[number])
    assert "not there yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        ("inside.1", 93.8, "a share"),
        ("inside.1", 14_998_528 / 23_587_712, "and of both"),
        ("inside.2", "nothing", "the range"),
        ("inside.2", "Pixels must lie in 0-255, and these lie in -1 to 9", "by 255"),
        ("inside.3", "the eighth", "the name of a block"),
        ("inside.3", "block5", "no block is better"),
    ],
)
def test_a_wrong_answer_is_told_which_property_fails(number, answer, words, capsys):
    check(number, answer)
    assert words in capsys.readouterr().out


def test_the_kept_probes_of_02_3_are_what_a_learner_measures():
    backbone = tl.backbones.load("mobilenet", source="photos")
    table = tl.probes.probe_blocks(backbone, "digits", 10, range(5), split="val")
    means = table.groupby("block", sort=False)["accuracy"].mean()
    assert means.to_dict() == pytest.approx(checks.ON_VAL, abs=0.01)


def test_the_share_of_02_1_is_keras():
    backbone = tl.backbones.load("ResNet50", source=None)
    last_two = sum(block.parameters for block in backbone.blocks[-2:])
    assert last_two / backbone.parameters == pytest.approx(checks.LAST_TWO)


@pytest.fixture(scope="module")
def looks():
    trained = tl.backbones.load("mobilenet", source="glyphs", input_size=64)
    random = tl.backbones.load("mobilenet", source=None)
    return Looks({"trained": trained, "random": random})


@pytest.mark.parametrize("block", ["stem", "block3", "block13"])
@pytest.mark.parametrize("weights", ["trained", "random"])
def test_the_widget_draws_every_kind_of_block(looks, block, weights):
    for name in ("cat", "test card"):
        picture = looks.draw(block, name, weights)
        assert picture.alt.startswith(f"{block}, {weights} weights, {name}")
        assert picture.png.startswith(b"\x89PNG")


def test_the_widget_refuses_unknown_names(looks):
    with pytest.raises(ValueError, match="no block 'block99': take stem, block1"):
        looks.draw("block99", "cat", "trained")
    with pytest.raises(ValueError, match="no picture 'dog'"):
        looks.draw("stem", "dog", "trained")
    with pytest.raises(ValueError, match="no backbone 'best'"):
        looks.draw("stem", "cat", "best")
    with pytest.raises(ValueError, match="the same blocks"):
        Looks({})


def test_the_widget_moves_without_a_browser(capsys):
    backbone = tl.backbones.load("mobilenet", source=None)
    widget.look_inside(random=backbone)
    said = capsys.readouterr().out
    assert "block3, random weights, cat" in said
    assert "Controls: block, picture, weights." in said


def test_pictures_are_square_and_in_range():
    assert middle(np.zeros((4, 9, 3))).shape == (4, 4, 3)
    card = colour_card()
    assert card.shape == (256, 256, 3) and card.min() >= 0 and card.max() <= 255


def test_figures_of_the_lesson_refuse_what_they_cannot_draw():
    with pytest.raises(ValueError, match="reads colour pictures"):
        figures.filters(np.zeros((3, 3, 8, 4)), np.zeros((5, 5, 4)))
    with pytest.raises(ValueError, match="one map per filter"):
        figures.filters(np.zeros((3, 3, 3, 4)), np.zeros((5, 5, 2)))
    with pytest.raises(ValueError, match="maps of one picture"):
        figures.inside(np.zeros((8, 8, 3)), np.zeros((2, 5, 5, 2)))
    with pytest.raises(ValueError, match="no block"):
        figures.probes([{"source": "a", "target": "b", "mean": 1, "low": 1, "high": 1}])


def test_inside_leaves_silent_channels_out():
    maps = np.zeros((4, 4, 6))
    maps[0, 0, :2] = 1e-9, 2e-9  # a random backbone's answers are as small as this
    assert "2 of 6 channels" in figures.inside(np.zeros((8, 8, 3)), maps).alt
    assert "0 of 6 channels" in figures.inside(np.zeros((8, 8, 3)), 0 * maps).alt


def test_probes_tell_their_best_block():
    rows = [
        {"block": f"block{n}", "source": s, "target": "digits", "mean": mean,
         "low": mean, "high": mean}
        for s in ("a", "b") for n, mean in enumerate((0.2, 0.8, 0.5))
    ]  # fmt: skip
    assert "its best 0.80 at block1" in figures.probes(rows, chance=0.1).alt


def test_probes_rest_on_the_average_of_each_block():
    backbone = tl.backbones.load("mobilenet", source="glyphs")
    images = tl.datasets.load("faces").test.images[:7]
    (means,) = tl.study._pooled(backbone, images, some=3)
    for block, maps in backbone.activations(images).items():
        np.testing.assert_allclose(means[block], maps.mean((1, 2)), atol=1e-4)


def test_a_probe_is_scored_on_val_or_test():
    backbone = tl.backbones.load("mobilenet", source="glyphs")
    with pytest.raises(ValueError, match="'test' or 'val', not 'train'"):
        tl.probes.probe_blocks(backbone, "faces", 10, [0], split="train")


def test_a_block_ends_before_the_padding_of_the_next():
    backbone = tl.backbones.load("mobilenet", source=None)
    for block in backbone.blocks:
        side = backbone.model.get_layer(block.output).output.shape[1]
        assert backbone.input_size % side == 0, block.name
