"""What the freeze lab says: plain functions from plans and runs to words and HTML."""

from __future__ import annotations

import html
from pathlib import Path

FROZEN, TRAINS = "❄", "✎"
#: The columns of the table of runs, and their headings in the lab.
HEADS = {
    "run": "Run",
    "trained_blocks": "Trained blocks",
    "batchnorm": "BatchNorm",
    "head_rate": "Head's rate",
    "body_rate": "Blocks' rate",
    "trainable": "Trained parameters",
    "epochs": "Epochs",
    "seconds": "Seconds",
    "accuracy": "Accuracy",
}


def beside(name):
    """The text of a file in this folder."""
    return Path(__file__).with_name(name).read_text("utf-8")


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


def counts_html(plan, classes):
    """Tell the counts and rates of a plan, to be read aloud when they change."""
    n, blocks = counts(plan, classes), len(plan.backbone.blocks)
    share = 100 * n["trained"] / n["total"]
    share = f"{share:.0f}" if share >= 10 else f"{share:.1f}"
    where, follow = "all in the new head", ""
    rates = "; no block trains"
    if n["blocks"]:
        where = (
            f"{n['body']:,} in {n['blocks']} of {blocks} blocks, {n['head']:,} in the "
            "new head"
        )
        rates = f", blocks {plan.body_rate:g}. Their BatchNorm: {plan.batchnorm}"
    if n["statistics"]:
        follow = f"; {n['statistics']:,} BatchNorm statistics follow the images"
    return (
        '<div role="status" class="tl-counts">'
        f"{TRAINS} <b>{n['trained']:,}</b> of {n['total']:,} parameters train "
        f"({share} %): {where}.<br>"
        f"{FROZEN} <b>{n['frozen']:,}</b> are frozen{follow}.<br>"
        f"Learning rates: head {plan.head_rate:g}{rates}.</div>"
    )


def table(runs):
    """Tell of each run what was trained, and what came of it.

    Parameters
    ----------
    runs : sequence of Run

    Returns
    -------
    pandas.DataFrame
        ``run``, counted from 1; ``trained_blocks``, words; ``batchnorm``;
        ``head_rate``; ``body_rate``, NaN where no block trains; ``trainable``
        parameters; ``epochs``, fewer than planned if the run was stopped; ``seconds``;
        ``accuracy`` on the validation split after the last epoch, 0-1.
    """
    import pandas

    rows = [
        {
            "run": number,
            "trained_blocks": trained_words(run.plan),
            "batchnorm": run.plan.batchnorm,
            "head_rate": run.plan.head_rate,
            "body_rate": run.plan.body_rate if run.plan.trainable else float("nan"),
            "trainable": run.trainable_parameters,
            "epochs": len(run.history["loss"]),
            "seconds": run.seconds,
            "accuracy": run.history["val_accuracy"][-1],
        }
        for number, run in enumerate(runs, 1)
    ]
    return pandas.DataFrame(rows, columns=list(HEADS))


def table_html(runs):
    """Write the runs as a table, newest last; empty where there are none."""
    if not runs:
        return ""
    runs = table(runs)
    body_trains = runs["body_rate"].notna()
    written = runs.assign(
        batchnorm=runs["batchnorm"].where(body_trains, "–"),
        head_rate=runs["head_rate"].map("{:g}".format),
        body_rate=runs["body_rate"].map("{:g}".format).where(body_trains, "–"),
        trainable=runs["trainable"].map("{:,}".format),
        seconds=runs["seconds"].map("{:.1f}".format),
        accuracy=runs["accuracy"].map("{:.3f}".format),
    )
    # The number of a run heads its row, and "Run" the numbers.
    numbered = written.rename(columns=HEADS).set_index("Run")
    numbered = numbered.rename_axis(index=None, columns="Run")
    markup = numbered.to_html(classes="tl-runs", border=0)
    caption = "Runs so far, with their accuracy on the validation split"
    markup = markup.replace("<thead>", f"<caption>{caption}</caption><thead>", 1)
    return f'<div class="tl-wide">{markup}</div>'


def code_html(code):
    """Show code that can be focused, selected and copied with a button."""
    copy = html.escape(beside("copy.js"))
    return (
        f'<div class="tl-code"><button class="jupyter-button" onclick="{copy}">Copy '
        'the code</button><pre tabindex="0" aria-label="The same choice in plain '
        f'Keras">{html.escape(code)}</pre></div>'
    )


def picture_html(picture):
    """Show a figure inside a widget, with its description."""
    return picture._repr_mimebundle_()[0]["text/html"]


def status_html(text, done=None, total=None):
    """Tell in a line how a training stands, with a bar where it is under way.

    Parameters
    ----------
    text : str
        Without its full stop.
    done, total : int, optional
        Epochs.
    """
    if not total:
        return f'<div role="status">{html.escape(text)}.</div>'
    # Read aloud at the start and the end alone; each epoch would be chatter.
    bar = f'<progress aria-label="Epochs" value="{done}" max="{total}"></progress>'
    return f"<div>{bar} {html.escape(text)}.</div>"


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
    """
    often = (
        "once so far: let it be the last time"
        if opened == 1
        else f"for {opened} runs: the best of them looks better than it is, because "
        "the test split helped to choose it"
    )
    return (
        f'<div role="status">Run {number}: test accuracy <b>{accuracy:.3f}</b>. The '
        f"test split was opened {often}.</div>"
    )
