"""The freeze lab: choose blocks to freeze, train, stop, compare, take the code along.

A thin view: plans are made by `FreezePlan`, trained by `transfer`, put into words
by `words`, drawn by `plots`.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid

from tlcourse import plots
from tlcourse.lessons.freezing import figures, words
from tlcourse.lessons.freezing.controls import Controls
from tlcourse.training import transfer
from tlcourse.widgets.static_first import problem_html, show_live

REST = 0.4  # seconds without a click before the figure is drawn anew
# Of all labs: a cell that is run again leaves a training behind, which takes the
# processor and which only the new lab's Stop can reach.
_training = threading.Lock()
_stopping = threading.Event()


class FreezeLab:
    """Try what to freeze: blocks as toggles, live curves, a table of the runs.

    All that is compared here is measured on the validation split. The test split is
    opened on purpose only, and the lab counts how often.

    Parameters
    ----------
    backbone : Backbone
    task : Task
    epochs, seed : int
        For every training; see ``tlcourse.transfer``.

    Attributes
    ----------
    controls : Controls
    runs : list of Run
        Tried so far, newest last.
    opened : list of int
        The runs, counted from 1, whose test accuracy was looked at.
    picture : Picture or None
        The figure above the controls.

    Examples
    --------
    >>> lab = widget.FreezeLab(backbone, task)
    >>> lab.show()
    """

    def __init__(self, backbone, task, epochs=20, seed=0):
        self.backbone, self.task = backbone, task
        self.epochs, self.seed = epochs, seed
        self.runs, self.opened, self.picture = [], [], None
        self._display, self._timer = None, None
        self._lock = threading.RLock()
        self.controls = Controls(backbone, self._plan_changed)
        self._build()
        self._plan_changed()

    def _build(self):
        import ipywidgets as widgets

        self.counts, self.status, self.test = (widgets.HTML() for _ in range(3))
        self.listed, self.code_shown = widgets.HTML(), widgets.HTML()
        # Side by side where there is room.
        self.curves, self.compared = (
            widgets.HTML(layout=widgets.Layout(flex=f"1 1 {share}", min_width=least))
            for share, least in (("40%", "280px"), ("55%", "400px"))
        )
        wrap = widgets.Layout(flex_flow="row wrap", align_items="flex-start")
        actions = widgets.HBox(self._buttons(), layout=wrap)
        actions.add_class("tl-actions")
        drawn = widgets.HBox([self.curves, self.compared], layout=wrap)
        drawn.add_class("tl-drawn")
        looks = widgets.HTML(f"<style>{words.beside('lab.css')}</style>")
        self.box = widgets.VBox([
            looks, self.controls.box, self.counts, actions, self.status, self.test,
            self.code_shown, drawn, self.listed,
        ])  # fmt: skip
        self.box.add_class("tl-lab")

    def _buttons(self):
        import ipywidgets as widgets

        auto = {"layout": widgets.Layout(width="auto", min_width="6em")}
        self.train_button = widgets.Button(
            description="Train", button_style="primary", **auto
        )
        self.stop_button = widgets.Button(description="Stop", disabled=True, **auto)
        self.code_button = widgets.ToggleButton(
            description="Show the Keras code",
            tooltip="The same choice as plain Keras code, to copy",
            **auto,
        )
        self.test_button = widgets.Button(
            description="Open the test split", disabled=True, **auto
        )
        self.train_button.on_click(self._clicked_train)
        self.stop_button.on_click(self._clicked_stop)
        self.test_button.on_click(self._clicked_test)
        self.code_button.observe(self._code_toggled, names="value")
        return [
            self.train_button, self.stop_button, self.code_button, self.test_button
        ]  # fmt: skip

    @property
    def plan(self):
        """The FreezePlan now chosen by the controls."""
        return self.controls.plan

    @property
    def table(self):
        """The runs tried so far, a data frame; its columns: see `words.table`."""
        return words.table(self.runs)

    @property
    def code(self):
        """The present choice as plain Keras code."""
        return self.plan.as_keras(len(self.task.classes), self.epochs, self.seed)

    def show(self):
        """Display the figure, then the controls."""
        from IPython.display import display

        self.picture = self._draw()
        # One name for all displays, so that a second one is drawn anew as well.
        self._display = self._display or f"freeze-lab-{uuid.uuid4()}"
        display(self.picture, display_id=self._display)
        if self.runs:
            self._draw_runs()
        show_live(
            self.box,
            "Controls: a toggle for each block, freeze up to here, BatchNorm, learning "
            "rates, train, stop. Run this cell to use them.",
        )

    _ipython_display_ = show

    def train(self):
        """Train with the present plan, here and now, as the button does in a thread.

        Returns
        -------
        Run
            Also the newest of ``runs``; of a stopped training, as far as it came.

        Raises
        ------
        RuntimeError
            If a training of this or another lab has not ended.
        """
        plan = self.plan
        if not self._begin():
            raise RuntimeError(
                "A training is running already: stop it, or wait until it has ended."
            )
        return self._train(plan)

    def stop(self):
        """End the training that is running after its next step, if there is one."""
        _stopping.set()

    def open_test(self):
        """Look at the newest run's accuracy on the test split, and count it.

        Returns
        -------
        float
            0-1.

        Raises
        ------
        RuntimeError
            If there is no run yet.
        """
        if not self.runs:
            raise RuntimeError("There is no run to test yet: train first.")
        number, run = len(self.runs), self.runs[-1]
        if number not in self.opened:
            self.opened.append(number)
        self.test.value = words.opened_html(number, run.test_accuracy, len(self.opened))
        return run.test_accuracy

    def _begin(self):
        """Take the right to train; False if someone trains already."""
        if not _training.acquire(blocking=False):
            return False
        _stopping.clear()
        self.train_button.disabled, self.stop_button.disabled = True, False
        return True

    def _train(self, plan):
        """Train and tell what came of it; the right to train is given back."""
        number = len(self.runs) + 1
        live = _Live(self, number)
        try:
            self.status.value = words.status_html(f"Run {number}: preparing")
            run = transfer(
                self.backbone,
                self.task,
                plan,
                self.epochs,
                self.seed,
                callbacks=[live.callback()],
                show_progress=False,
            )
            self.runs.append(run)
            self._tell(number, run)
            return run
        except BaseException as problem:  # of an interrupted cell, too
            self.status.value = problem_html(
                problem, "The training ended with an error"
            )
            raise
        finally:
            self.train_button.disabled, self.stop_button.disabled = False, True
            self.test_button.disabled = not self.runs
            _training.release()

    def _tell(self, number, run):
        done = len(run.history["loss"])
        stopped = f", stopped after {done} of {self.epochs} epochs"
        self.status.value = words.status_html(
            f"Run {number}: validation accuracy {run.history['val_accuracy'][-1]:.3f} "
            f"in {run.seconds:.1f} s{stopped if done < self.epochs else ''}"
        )
        self.listed.value = words.table_html(self.runs)
        if self._display:  # nobody would see it otherwise
            self._draw_runs()

    def _draw_runs(self):
        self._draw_curves(len(self.runs), self.runs[-1].history)
        self.compared.value = words.picture_html(figures.runs(self.table))

    def _draw_curves(self, number, history):
        picture = plots.epochs(history, self.epochs, title=f"Run {number}")
        self.curves.value = words.picture_html(picture)

    def _clicked_train(self, _button):
        plan = self.plan
        if not self._begin():
            self.status.value = words.status_html(
                "A training is running already: stop it, or wait until it has ended"
            )
            self.stop_button.disabled = False  # it may be another lab's
            return
        # In a thread, so that the kernel goes on answering: Stop, and other cells.
        threading.Thread(target=self._train_aside, args=[plan], daemon=True).start()

    def _train_aside(self, plan):
        with contextlib.suppress(Exception):  # the lab says it
            self._train(plan)

    def _clicked_stop(self, _button):
        self.stop_button.disabled = True
        if _training.locked():
            # Said first, because the end may come at once.
            self.status.value = words.status_html("Stopping after this step")
            self.stop()
        else:
            self.status.value = words.status_html("Nothing is training")

    def _clicked_test(self, _button):
        self.open_test()

    def _code_toggled(self, _change):
        self._show_code()

    def _show_code(self):
        shown = self.code_button.value
        self.code_button.description = f"{'Hide' if shown else 'Show'} the Keras code"
        try:
            self.code_shown.value = words.code_html(self.code) if shown else ""
        except Exception as problem:
            self.code_shown.value = problem_html(
                problem, "The code could not be written"
            )

    def _plan_changed(self):
        with self._lock:
            self.counts.value = words.counts_html(self.plan, len(self.task.classes))
            if self.code_button.value:
                self._show_code()
            if self._display:
                self._draw_soon()

    def _draw(self):
        name, plan = self.backbone.name, self.plan
        title = f"{name}, trained blocks: {words.trained_words(plan)}"
        return plots.blocks(self.backbone, plan, title=title)

    def _draw_soon(self):
        """Draw the figure once the clicks rest; aside, because drawing takes long."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(REST, self._redraw)
        self._timer.daemon = True
        self._timer.start()

    def _redraw(self):
        from IPython.display import update_display

        self.picture = self._draw()
        update_display(self.picture, display_id=self._display)


class _Live:
    """Follows a training: the line of words at each epoch, the curves now and then."""

    def __init__(self, lab, number):
        self.lab, self.number = lab, number
        self.history = {"accuracy": [], "val_accuracy": []}
        self.last_said = 0.0
        self.next = time.monotonic() + 0.5  # a short training is drawn at its end

    def callback(self):
        from tlcourse.quiet import import_keras

        live = self

        class Watch(import_keras().callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if _stopping.is_set():
                    self.model.stop_training = True

            def on_epoch_end(self, epoch, logs=None):
                self.on_train_batch_end(0)
                live.epoch(logs)

        return Watch()

    def epoch(self, logs):
        """Tell the scores of an epoch that has ended."""
        lab, done = self.lab, len(self.history["accuracy"]) + 1
        for name, values in self.history.items():
            values.append(float(logs[name]))
        started = time.monotonic()
        # Small heads pass a hundred epochs a second, which no browser need hear of.
        if started - self.last_said > 0.1 and not _stopping.is_set():
            self.last_said = started
            lab.status.value = words.status_html(
                f"Run {self.number}: epoch {done} of {lab.epochs}, validation accuracy "
                f"{logs['val_accuracy']:.3f}",
                done,
                lab.epochs,
            )
        if lab._display and started > self.next and done < lab.epochs:
            lab._draw_curves(self.number, self.history)
            now = time.monotonic()
            # Drawing may take a fifth of the time, and no more.
            self.next = now + max(0.5, 4 * (now - started))
