"""The freeze lab without a browser, under ipywidgets 8 and 7.7.1 (Colab's)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tlcourse as tl
from tlcourse.lessons.freezing import widget, words
from tlcourse.lessons.freezing.widget import FreezeLab

SECONDS = 120  # to wait for what must come, on a slow machine


@pytest.fixture
def lab(backbone, task):
    return FreezeLab(backbone, task, epochs=2)


@pytest.fixture
def endless(backbone, task):
    """A lab whose trainings only Stop ends."""
    lab = FreezeLab(backbone, task, epochs=1_000_000)
    yield lab
    lab.stop()
    wait_until(free)


def free():
    return not widget._training.locked()


def wait_until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "It did not come."
        time.sleep(0.02)


IN_WORDS = {
    "none": "",
    "last 1 of 14": "block13",
    "last 2 of 14": "block12 block13",
    "block3, block9": "block3 block9",
    "stem, block1": "stem block1",
    "block2 to block4, block9": "block2 block3 block4 block9",
    "stem, block13": "stem block13",
}


def test_trained_blocks_in_words(backbone):
    for told, names in IN_WORDS.items():
        plan = tl.FreezePlan.blocks(backbone, names.split())
        assert words.trained_words(plan) == told
    assert words.trained_words(tl.FreezePlan.all(backbone)) == "all 14"
    scratch = words.trained_words(tl.FreezePlan.scratch(backbone))
    assert scratch == "all 14, from scratch"


@pytest.mark.parametrize("batchnorm", ["frozen", "adapt", "train"])
@pytest.mark.parametrize("names", [[], ["block13"], ["block2", "block12"]])
def test_counts_are_those_of_keras(backbone, batchnorm, names):
    plan = tl.FreezePlan.blocks(backbone, names, batchnorm=batchnorm)
    counts = words.counts(plan, classes=7)
    keras = tl.quiet.import_keras()
    copy = keras.models.clone_model(backbone.model)
    plan.apply(copy)
    weights = sum(int(np.prod(v.shape)) for v in copy.trainable_variables)
    head = 7 * (backbone.model.output.shape[-1] + 1)
    assert (counts["body"], counts["head"]) == (weights, head)
    assert counts["total"] == backbone.parameters + head
    parts = counts["trained"], counts["statistics"], counts["frozen"]
    assert sum(parts) == counts["total"]


def test_a_click_changes_plan_counts_and_code(lab, backbone):
    lab.code_button.value = True
    code, before = lab.code_shown.value, lab.counts.value
    assert "import keras" in code and "Copy the code" in code
    assert lab.plan == tl.FreezePlan.features(backbone)
    toggle = lab.controls.toggles["block13"]
    assert "❄" in toggle.description and "frozen" in toggle.tooltip
    toggle.value = True
    assert lab.plan == tl.FreezePlan.last(backbone, 1)
    assert "✎" in toggle.description and "69,888 parameters, trains" in toggle.tooltip
    assert lab.counts.value != before
    trained = words.counts(lab.plan, len(lab.task.classes))["trained"]
    assert f"<b>{trained:,}</b> of" in lab.counts.value
    assert lab.code_shown.value != code
    compile(lab.code, "code", "exec")
    lab.code_button.value = False
    assert lab.code_shown.value == ""


def test_slider_and_blocks_agree_and_tell_a_change_once(lab, backbone, monkeypatch):
    slider, toggles, told = lab.controls.slider, lab.controls.toggles, []
    with monkeypatch.context() as patch:
        patch.setattr(lab.controls, "_changed", lambda: told.append(lab.plan))
        slider.value = "nothing"  # turns fourteen toggles
    assert len(told) == 1 and len(told[0].trainable) == 14
    slider.value = "block10"
    assert lab.plan.trainable == ("block11", "block12", "block13")
    toggles["block4"].value = True
    assert slider.value == "block3"
    assert lab.plan.trainable == ("block4", "block11", "block12", "block13")
    slider.value = "nothing"
    assert lab.plan == tl.FreezePlan.all(backbone)
    toggles["stem"].value = False
    assert slider.value == "stem"


def test_widths_go_with_parameters_and_plans_with_policy_and_rates(lab, task):
    layouts = [toggle.layout for toggle in lab.controls.toggles.values()]
    grow = [float(layout.flex.split()[0]) for layout in layouts]
    sizes = [block.parameters for block in lab.backbone.blocks]
    assert np.allclose(np.divide(grow, sum(grow)), np.divide(sizes, sum(sizes)), 1e-2)
    assert all(layout.min_width.endswith("px") for layout in layouts)
    lab.controls.slider.value = "block12"
    lab.controls.batchnorm.value = "adapt"
    assert "BatchNorm statistics follow" in lab.counts.value
    lab.controls.head_rate.value = 0.03
    lab.controls.body_rate.value = 0.0003
    plan = lab.plan
    assert (plan.batchnorm, plan.head_rate, plan.body_rate) == ("adapt", 0.03, 0.0003)
    assert "head 0.03, blocks 0.0003" in lab.counts.value
    lab.controls.head_rate.value = 0.0  # usual
    assert lab.plan.head_rate == lab.plan.body_rate
    fresh = tl.backbones.load("mobilenet", source=None)
    assert FreezeLab(fresh, task).plan.batchnorm == "train"  # random weights


def test_train_gives_the_run_of_transfer_and_so_does_the_button(lab, backbone, task):
    columns = ["run", "trained_blocks", "batchnorm", "head_rate"]
    assert list(lab.table.columns)[:4] == columns
    assert lab.table.empty and words.table_html([]) == ""
    lab.controls.slider.value = "block12"
    lab.stop()  # does not end the next training
    run = lab.train()
    assert len(run.history["loss"]) == 2
    same = tl.transfer(backbone, task, lab.plan, 2, 0, show_progress=False)
    assert run.history == same.history
    assert lab.runs == [run]
    [row] = lab.table.to_dict("records")
    assert row["trained_blocks"] == "last 1 of 14" and row["run"] == 1
    assert row["accuracy"] == run.history["val_accuracy"][-1]
    assert row["trainable"] == run.trainable_parameters
    assert f"<b>{row['trainable']:,}</b> of" in lab.counts.value
    assert lab.train_button.disabled is False and lab.stop_button.disabled is True
    lab.train_button.click()  # in a thread
    wait_until(lambda: len(lab.runs) == 2 and free())
    assert lab.runs[1].history == run.history  # same plan, same seed, same result
    assert "Run 2: validation accuracy" in lab.status.value
    assert lab.listed.value.count("<tr") == 3


def test_the_test_split_is_opened_on_purpose(lab):
    with pytest.raises(RuntimeError, match="train first"):
        lab.open_test()
    run = lab.train()
    shown = lab.status.value + lab.listed.value + lab.test.value
    assert lab.opened == [] and "test accuracy" not in shown
    assert lab.open_test() == run.test_accuracy
    lab.test_button.click()  # the same run again tells nothing new
    assert lab.opened == [1] and "opened once" in lab.test.value
    lab.train()
    lab.test_button.click()
    assert lab.opened == [1, 2] and "opened for 2 runs" in lab.test.value


def test_curves_are_drawn_while_it_trains_and_stop_ends_it(endless, capsys):
    endless.show()
    endless.train_button.click()
    # One epoch is over.
    wait_until(lambda: all(w in endless.status.value for w in ("epoch", "<progress")))
    assert endless.train_button.disabled and not endless.stop_button.disabled
    wait_until(lambda: "of 1000000 epochs" in endless.curves.value)
    first = endless.curves.value
    wait_until(lambda: endless.curves.value != first)
    assert not free()
    endless.stop_button.click()
    wait_until(free)
    [run] = endless.runs
    assert 1 <= len(run.history["loss"]) < endless.epochs
    assert "stopped after" in endless.status.value
    assert endless.stop_button.disabled and not endless.train_button.disabled
    endless.train_button.click()
    endless.stop_button.click()  # before the first epoch
    wait_until(free)
    assert len(endless.runs[1].history["loss"]) == 1
    assert endless.table.epochs.tolist()[1:] == [1]


def double_click(lab):
    lab.train_button.click()
    lab.train_button.click()


def click_in_two_threads(lab):
    together = threading.Barrier(2)

    def click(_):
        together.wait()
        lab._clicked_train(None)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(click, range(2)))


@pytest.mark.parametrize("click_twice", [double_click, click_in_two_threads])
def test_two_clicks_train_once(lab, monkeypatch, click_twice):
    begun = []

    def slow(*args, **kwargs):
        begun.append(args)
        time.sleep(0.3)
        return tl.transfer(*args, **kwargs)

    monkeypatch.setattr(widget, "transfer", slow)
    click_twice(lab)
    wait_until(lambda: free() and lab.runs)
    assert len(begun) == len(lab.runs) == 1


def test_train_is_refused_while_another_lab_trains(endless, backbone, task):
    endless.train_button.click()
    other = FreezeLab(backbone, task, epochs=1)
    with pytest.raises(RuntimeError, match="running already: stop it"):
        other.train()
    other.train_button.click()
    assert "running already" in other.status.value and not other.runs
    other.stop_button.click()  # the lab that trains may be out of reach
    wait_until(free)
    assert len(endless.runs) == 1
    assert other.train() is other.runs[0]
    other._clicked_stop(None)  # a click that comes too late
    assert "Nothing is training" in other.status.value


def test_what_goes_wrong_is_said_in_a_sentence_and_the_lab_goes_on(lab, monkeypatch):
    def broken(*args, **kwargs):
        raise ValueError("no\n<memory> left.")

    monkeypatch.setattr(widget, "transfer", broken)
    lab.train_button.click()
    wait_until(free)
    said = lab.status.value
    assert 'role="alert"' in said and "ValueError: no &lt;memory&gt; left)" in said
    with pytest.raises(ValueError, match="no"):
        lab.train()
    monkeypatch.setattr(FreezeLab, "plan", property(lambda lab: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        lab.train()  # a plan that fails leaves the lab usable, too
    assert free()
    monkeypatch.undo()
    lab.train()
    assert "✗" not in lab.status.value and len(lab.runs) == 1


def test_figure_then_text_and_one_figure_when_clicks_rest(lab, monkeypatch, capsys):
    lab.show()
    said = capsys.readouterr().out
    assert said.startswith("The 14 blocks of MobileNet") and "Run this cell" in said
    lab._ipython_display_()  # a second time
    first, drawn = lab.picture, []
    with monkeypatch.context() as patch:
        patch.setattr(lab, "_redraw", lambda: drawn.append(lab.plan))
        for k in (3, 5, 7, 13):
            lab.controls.slider.index = k
        wait_until(lambda: drawn)
        time.sleep(2 * widget.REST)
    assert [plan.trainable for plan in drawn] == [("block13",)]
    assert lab.picture is first
    lab.train()
    assert "<img alt=" in lab.curves.value and "2 of 2 epochs" in lab.curves.value
    assert "Two scatter plots" in lab.compared.value
    assert "Run 1" in lab.curves.value and lab.picture.alt.startswith("The 14 blocks")


CELL = """
    import tlcourse as tl
    from tlcourse.lessons.freezing.widget import FreezeLab
    backbone = tl.backbones.load("mobilenet", source="glyphs")
    task = tl.datasets.load("faces", per_class=5)
    lab = FreezeLab(backbone, task, epochs=1_000_000)
    lab
"""


def click(kernel, button):
    kernel.messages(kernel.click(kernel.value(f"lab.{button}.model_id")))


def test_the_lab_in_a_kernel(kernel):
    (_, picture), (_, controls) = kernel.run(CELL)
    place = picture["transient"]["display_id"]
    assert picture["metadata"]["image/png"]["alt"].startswith("The 14 blocks")
    assert "Run this cell" in controls["data"]["text/plain"]
    model = kernel.value("lab.controls.toggles['block13'].model_id")
    kernel.messages(kernel.move(model, value=True))
    # The figure follows from another thread, when the hand rests.
    found, end = [], time.monotonic() + SECONDS
    while not found and time.monotonic() < end:
        for message in kernel.messages("", False, seconds=0.5):
            if message["msg_type"] == "update_display_data":
                found.append(message["content"])
    assert found[0]["transient"]["display_id"] == place
    assert "block13 (69.9 k parameters, trainable)" in found[0]["data"]["text/plain"]
    click(kernel, "train_button")
    # The kernel answers while it trains.
    wait_until(lambda: "<progress" in kernel.value("lab.status.value"))
    click(kernel, "stop_button")
    wait_until(lambda: kernel.value("len(lab.runs)") == "1")
    assert "stopped after" in kernel.value("lab.status.value")
