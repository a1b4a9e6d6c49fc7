"""One progress bar for JupyterLab, Colab and a terminal.

In a notebook the bar is one output that is redrawn in place. When the work is done a
single plain line stays, so a stored notebook, GitHub and a printout have something to
show; a widget, as of tqdm.notebook, would leave nothing there. On a terminal it is
tqdm's bar. Elsewhere (a log file, CI) a plain line is written now and then.
"""

import html
import sys
import time


def progress(work, label="Working", show=True):
    """Show how far some work has come.

    Parameters
    ----------
    work : iterable or int
        What to go through, or the number of steps.
    label : str
        A few words in front of the bar.
    show : bool
        False to count silently, for work that is a part of other work.

    Returns
    -------
    Progress
        Loop over it, or use it in a ``with`` block and call ``update``:

    >>> with progress(20, "Training") as bar:
    ...     for epoch in range(20):
    ...         bar.update(note=f"loss {train():.3f}")
    """
    return Progress(work, label, show)


class Progress:
    """A running progress bar; see `progress`.

    ``done`` of ``total`` steps are done; ``total`` is None where nobody knows.
    ``label`` and ``note`` are the words in front of the bar and behind it.
    """

    def __init__(self, work, label, show):
        counted = isinstance(work, int) and not isinstance(work, bool)
        if work < 0 if counted else not hasattr(work, "__iter__"):
            raise ValueError(
                f"progress() needs a number of steps or things to go through, "
                f"not {work!r}."
            )
        self._items = range(work) if counted else work
        self.total = len(self._items) if hasattr(self._items, "__len__") else None
        self.label, self.note, self.done, self.ended = label, "", 0, False
        self._show, self._view = show, None

    def __iter__(self):
        with self:
            for item in self._items:
                yield item
                self.update()

    def __enter__(self):
        self._started = self._drawn = time.monotonic()
        if self._show:
            self._view = _view()(self)
        return self

    def __exit__(self, kind, problem, trace):
        self.ended = True
        if self._view:
            self._view.end()

    def update(self, note=None):
        """Count a step, and show ``note`` (a few words) behind the bar."""
        self.done += 1
        self.note = self.note if note is None else note
        now = time.monotonic()
        if self._view and now - self._drawn >= self._view.every:
            self._drawn = now
            self._view.draw()

    def line(self):
        """Return the state as one plain line, the one that stays at the end."""
        count = str(self.done) if self.total is None else f"{self.done} of {self.total}"
        parts = [f"{self.label}: {count}"]
        if self.ended:
            whole = self.total is None or self.done >= self.total
            duration = clock(time.monotonic() - self._started)
            parts.append(duration if whole else f"stopped after {duration}")
        if self.note:
            parts.append(self.note)
        return ", ".join(parts)


def clock(seconds):
    """Write a duration in words: ``3.2 s``, ``2 min 5 s``, ``1 h 4 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _view():
    """Choose how the bar is shown where the reader is."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    # A kernel has a front end that draws HTML; IPython on a terminal has none.
    if getattr(shell, "kernel", None) is not None:
        return _Notebook
    return _Terminal if sys.stderr is not None and sys.stderr.isatty() else _Log


class _Notebook:
    """The bar as HTML in one output, redrawn through its display handle."""

    every = 0.25  # seconds between two drawings

    def __init__(self, bar):
        from IPython.display import display

        self.bar = bar
        self.handle = display(self._picture(), raw=True, display_id=True)

    def draw(self):
        self.handle.update(self._picture(), raw=True)

    end = draw

    def _picture(self):
        bar, text = self.bar, self.bar.line()
        shown = f"<span>{html.escape(text)}</span>"
        if not bar.ended:
            # Without a value the browser shows that the length is unknown.
            known = bar.total is not None
            value = f' value="{bar.done}" max="{bar.total}"' if known else ""
            name = html.escape(bar.label, quote=True)
            shown = f'<progress aria-label="{name}"{value}></progress> {shown}'
        return {"text/plain": text, "text/html": shown}


class _Terminal:
    """tqdm's bar on the terminal."""

    every = 0.1

    def __init__(self, bar):
        from tqdm import tqdm

        self.bar = bar
        self.tqdm = tqdm(total=bar.total, desc=bar.label, leave=False)

    def draw(self):
        self.tqdm.n = self.bar.done
        self.tqdm.set_postfix_str(self.bar.note)  # draws, too

    def end(self):
        self.tqdm.close()
        print(self.bar.line(), file=sys.stderr, flush=True)


class _Log:
    """A plain line now and then: for log files, where a bar would be noise."""

    every = 30

    def __init__(self, bar):
        self.bar, self.drawn = bar, False

    def draw(self):
        self.drawn = True
        if sys.stderr is not None:
            print(self.bar.line(), file=sys.stderr, flush=True)

    def end(self):
        if self.drawn:  # work that was over before its first line needs none
            self.draw()
