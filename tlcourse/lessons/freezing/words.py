"""What the freeze lab says: plain functions from plans and runs to words and HTML."""

from __future__ import annotations

import html

FROZEN, TRAINS = "❄", "✎"

# Colours say it first, and the signs in the text say it again. ipywidgets 7 and 8 both
# mark a pressed toggle with mod-active.
STYLE = """<style>
.tl-lab .tl-row .tl-block.widget-toggle-button { white-space: pre-line; height: auto;
  line-height: 1.4; margin: 0; padding: 4px 0; font-size: 11px; text-align: center;
  color: #1a1a1a; background: #bcd9ec; border: 1px solid #333; border-radius: 3px; }
.tl-lab .tl-row .tl-block.widget-toggle-button.mod-active { background: #f5c98a;
  box-shadow: inset 0 -5px 0 #d55e00; }
.tl-lab .tl-row { gap: 3px; margin: 2px 2px 6px; }
.tl-lab .widget-label { text-align: left; flex: none; }
.tl-lab .widget-toggle-buttons { display: flex; align-items: baseline; }
.tl-lab .tl-actions { gap: 4px; margin: 6px 0 2px; }
.tl-lab .tl-drawn { gap: 8px; }
.tl-lab button:focus-visible, .tl-lab select:focus-visible, .tl-lab pre:focus-visible,
.tl-lab .noUi-handle:focus-visible, .tl-lab .ui-slider-handle:focus-visible {
  outline: 3px solid #0072b2; outline-offset: 1px; }
.tl-lab .widget-html-content { line-height: 1.5; }
.tl-lab img { max-width: 100%; height: auto; background: white; }
.tl-lab table.tl-runs { border-collapse: collapse; margin: 4px 0; }
.tl-lab table.tl-runs caption { text-align: left; font-weight: bold; }
.tl-lab table.tl-runs th, .tl-lab table.tl-runs td { padding: 2px 10px 2px 0;
  text-align: right; border-bottom: 1px solid #bbb; }
.tl-lab table.tl-runs .tl-words { text-align: left; }
.tl-lab .tl-wide { overflow-x: auto; }
.tl-lab .tl-code pre { max-height: 26em; overflow: auto; white-space: pre; padding: 8px;
  border: 1px solid #999; line-height: 1.35; margin: 4px 0; }
</style>"""

# The selection stays where the browser forbids copying, so that Ctrl+C is left to do.
_COPY = (
    "const code = this.parentElement.querySelector('pre');"
    "getSelection().selectAllChildren(code);"
    "this.textContent = document.execCommand('copy') ? 'Copied'"
    " : 'Selected: press Ctrl+C';"
)


def trained_words(plan):
    """Say in a few words which blocks a plan trains.

    Parameters
    ----------
    plan : FreezePlan

    Returns
    -------
    str
        "none", "all 14", "last 2 of 14", or names: "block3, block9 to block11".
    """
    names = [block.name for block in plan.backbone.blocks]
    free = [name in plan.trainable for name in names]
    k = sum(free)
    if k == len(names):
        words = f"all {k}"
    elif k == 0:
        words = "none"
    elif all(free[-k:]):
        words = f"last {k} of {len(names)}"
    else:
        words = ", ".join(_stretches(names, free))
    return words + (", from scratch" if plan.from_scratch else "")


def _stretches(names, free):
    """Names of the free blocks; three or more in a row as "first to last"."""
    start = None
    for place, is_free in enumerate([*free, False]):
        if is_free and start is None:
            start = place
        if not is_free and start is not None:
            stretch, start = names[start:place], None
            far = len(stretch) > 2
            yield from [f"{stretch[0]} to {stretch[-1]}"] if far else stretch


def counts(plan, classes):
    """Count what a plan trains and what it freezes, the new head included.

    Parameters
    ----------
    plan : FreezePlan
    classes : int
        How many the head tells apart.

    Returns
    -------
    dict of str to int
        ``blocks``, how many have something to train; ``body`` and ``head``, trained
        parameters; ``trained``, their sum; ``statistics``, those of BatchNorm that
        follow the images; ``frozen``, the rest; ``total``, all.
    """
    summary = plan.summary()
    head = (plan.backbone.model.output.shape[-1] + 1) * classes
    body, statistics = int(summary.trained.sum()), int(summary.statistics.sum())
    frozen = int(summary.frozen.sum())
    return {
        "blocks": len(plan.trainable),
        "body": body,
        "head": head,
        "trained": body + head,
        "statistics": statistics,
        "frozen": frozen,
        "total": body + head + statistics + frozen,
    }


def told(plan, classes):
    """Tell the counts and rates of a plan as HTML, to be read aloud when they change.

    Parameters
    ----------
    plan : FreezePlan
    classes : int

    Returns
    -------
    str
    """
    n, blocks = counts(plan, classes), len(plan.backbone.blocks)
    share = 100 * n["trained"] / n["total"]
    share = f"{share:.0f}" if share >= 10 else f"{share:.1f}"
    where = "all in the new head"
    if n["blocks"]:
        where = (
            f"{n['body']:,} in {n['blocks']} of {blocks} blocks, {n['head']:,} in the "
            "new head"
        )
    lines = [
        f"{TRAINS} <b>{n['trained']:,}</b> of {n['total']:,} parameters train "
        f"({share} %): {where}.",
        f"{FROZEN} <b>{n['frozen']:,}</b> are frozen"
        + (
            f"; {n['statistics']:,} BatchNorm statistics follow the images."
            if n["statistics"]
            else "."
        ),
        f"Learning rates: head {plan.head_rate:g}"
        + (
            f", blocks {plan.body_rate:g}. Their BatchNorm: {plan.batchnorm}."
            if plan.trainable
            else "; no block trains."
        ),
    ]
    return f'<div role="status" class="tl-counts">{"<br>".join(lines)}</div>'


def rows(runs):
    """Give a row for each run: what was trained, and what came of it.

    Parameters
    ----------
    runs : sequence of Run

    Returns
    -------
    list of dict
        ``run``, counted from 1; ``trained_blocks``, words; ``batchnorm``;
        ``head_rate``; ``body_rate``, NaN where no block trains; ``trainable``
        parameters; ``accuracy`` on the validation split after the last epoch, 0-1;
        ``seconds``; ``epochs``, fewer than planned if the run was stopped.
    """
    return [
        {
            "run": number,
            "trained_blocks": trained_words(run.plan),
            "batchnorm": run.plan.batchnorm,
            "head_rate": run.plan.head_rate,
            "body_rate": run.plan.body_rate if run.plan.trainable else float("nan"),
            "trainable": run.trainable_parameters,
            "accuracy": run.history["val_accuracy"][-1],
            "seconds": run.seconds,
            "epochs": len(run.history["loss"]),
        }
        for number, run in enumerate(runs, 1)
    ]


def table(runs):
    """Give the rows of `rows` as a data frame.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas

    columns = (
        "run trained_blocks batchnorm head_rate body_rate trainable accuracy seconds "
        "epochs"
    )
    return pandas.DataFrame(rows(runs), columns=columns.split())


def table_html(runs):
    """Write the runs as an HTML table, newest last.

    Returns
    -------
    str
        Empty where there are no runs.
    """
    if not runs:
        return ""
    heads = (
        "Run", "Trained blocks", "BatchNorm", "Head's rate", "Blocks' rate",
        "Trained parameters", "Epochs", "Seconds", "Accuracy",
    )  # fmt: skip
    top = "".join(
        f'<th scope="col"{_left(place in (1, 2))}>{head}</th>'
        for place, head in enumerate(heads)
    )
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows(runs))
    return (
        '<div class="tl-wide"><table class="tl-runs">'
        "<caption>Runs so far, with their accuracy on the validation split</caption>"
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row):
    frozen_body = row["body_rate"] != row["body_rate"]  # NaN
    texts = (
        row["trained_blocks"],
        "–" if frozen_body else row["batchnorm"],
        f"{row['head_rate']:g}",
        "–" if frozen_body else f"{row['body_rate']:g}",
        f"{row['trainable']:,}",
        row["epochs"],
        f"{row['seconds']:.1f}",
        f"{row['accuracy']:.3f}",
    )
    return f'<th scope="row">{row["run"]}</th>' + "".join(
        f"<td{_left(place in (0, 1))}>{html.escape(str(text))}</td>"
        for place, text in enumerate(texts)
    )


def _left(words):
    return ' class="tl-words"' if words else ""


def code_html(code):
    """Show code that can be focused, selected and copied with a button.

    Parameters
    ----------
    code : str

    Returns
    -------
    str
    """
    return (
        f'<div class="tl-code"><button class="jupyter-button" onclick="{_COPY}">Copy '
        'the code</button><pre tabindex="0" aria-label="The same choice in plain '
        f'Keras">{html.escape(code)}</pre></div>'
    )


def picture_html(picture):
    """Show a figure inside a widget, with its description.

    Parameters
    ----------
    picture : Picture

    Returns
    -------
    str
    """
    return picture._repr_mimebundle_()[0]["text/html"]


def problem_html(problem, what):
    """Say in one sentence, at once read aloud, what went wrong.

    Parameters
    ----------
    problem : Exception
    what : str
        What did not happen: "The training ended with an error".

    Returns
    -------
    str
    """
    reason = " ".join(str(problem).split()) or "no reason was given"
    sentence = f"{type(problem).__name__}: {reason}".rstrip(".")
    return f'<div role="alert">✗ {what} ({html.escape(sentence)}).</div>'


def status_html(text, done=None, total=None):
    """Tell in a line how a training stands, with a bar where it is under way.

    Parameters
    ----------
    text : str
        Without its full stop.
    done, total : int, optional
        Epochs.

    Returns
    -------
    str
    """
    bar = (
        f'<progress aria-label="Epochs" value="{done}" max="{total}"></progress> '
        if total
        else ""
    )
    # Read aloud at the start and the end; each epoch would be chatter.
    role = "" if total else ' role="status"'
    return f"<div{role}>{bar}{html.escape(text)}.</div>"


def opened_html(number, accuracy, opened):
    """Tell a run's test accuracy, and how often the test split was opened.

    Parameters
    ----------
    number : int
        Of the run.
    accuracy : float
        0-1.
    opened : int
        For how many runs so far, this one included.

    Returns
    -------
    str
    """
    once = "once so far: let it be the last time"
    often = (
        f"for {opened} runs: the best of them looks better than it is, because the "
        "test split helped to choose it"
    )
    return (
        f'<div role="status">Run {number}: test accuracy <b>{accuracy:.3f}</b>. The '
        f"test split was opened {once if opened == 1 else often}.</div>"
    )
