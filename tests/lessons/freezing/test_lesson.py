"""What the lesson's checks and its prose count."""

import tlcourse as tl
from tests.helpers import cells
from tests.lessons.freezing.answers import far, near
from tlcourse.lessons.freezing import checks


def first(backbone, count):
    return tl.FreezePlan.blocks(backbone, [b.name for b in backbone.blocks[:count]])


def test_what_freezing_1_counts_is_what_the_run_trains():
    plan = first(far(), 8)
    assert checks._trained(plan) == checks._far_run(plan)[0].trainable_parameters
    assert checks._trained(plan) <= checks.MOST_TRAINED


def test_the_words_about_blocks_and_parameters():
    prose, blocks = "\n".join(cells("freezing", "markdown")), near().blocks
    assert "Two blocks of fourteen are free" in prose and len(blocks) == 14
    last_two = sum(block.parameters for block in blocks[-2:])
    assert 0.45 < last_two / near().parameters < 0.55  # about half
    trained = tl.FreezePlan.last(near(), 8).summary()["trained"].sum()
    assert 4.5 < trained / first(near(), 8).summary()["trained"].sum() < 5.6  # five
