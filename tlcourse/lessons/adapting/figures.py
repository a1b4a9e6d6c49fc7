"""Two domains: their pictures, what methods make of them, and what can be hoped for."""

from __future__ import annotations

import numpy as np
import pandas
from matplotlib.patches import FancyBboxPatch

from tlcourse.plots.pictures import as_pixels
from tlcourse.plots.style import (
    HALO,
    HATCHES,
    INK,
    PALETTE,
    Picture,
    checked_table,
    listed,
    name_rows,
    new_figure,
    put_title,
    readable,
    styled,
    title_above,
    write_beside,
)

ENDS = ("source_only", "oracle")  # what every method stands between


@styled
def domain_rows(rows):
    """Pictures of several domains, a row each.

    Parameters
    ----------
    rows : dict of str to array_like, shape (n, height, width, 3)
        Name of a domain to some of its pictures, 0-255; as many in each row.

    Raises
    ------
    ValueError
        If there is no row, or the rows are not of one length.
    """
    counts = {len(images) for images in rows.values()}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(
            "domain_rows needs at least one row, and as many pictures in each: these "
            f"have {listed(map(len, rows.values())) or 'none'}."
        )
    [count] = counts
    fig = new_figure(7.4, 0.1 + 0.78 * len(rows))
    grid = fig.subplots(
        len(rows), count + 1, width_ratios=[1.8] + [1] * count, squeeze=False
    )
    for axes, (name, images) in zip(grid, rows.items(), strict=True):
        axes[0].text(0, 0.5, readable(name), fontsize=11, va="center")
        for each, image in zip(axes[1:], as_pixels(images, "domain_rows"), strict=True):
            each.imshow(image)
    for axes in grid.ravel():
        axes.set_axis_off()
    in_words = listed(map(readable, rows))
    return Picture(fig, f"{count} pictures of each domain, a row each: {in_words}.")


@styled
def ladder(summary, *, title=None):
    """Methods between source-only and oracle, a panel for each pair of domains.

    Parameters
    ----------
    summary : pandas.DataFrame
        Columns pair, method, mean, low and high; in each pair a row source_only and a
        row oracle, and the same methods.

    Raises
    ------
    ValueError
        If a column or a method is missing.
    """
    table = checked_table(summary, ["pair", "method", "mean", "low", "high"], "ladder")
    pairs = {pair: rows.set_index("method") for pair, rows in table.groupby("pair")}
    pairs = {pair: pairs[pair] for pair in dict.fromkeys(table["pair"])}
    names = list(next(iter(pairs.values())).index)
    if any({*rows.index} != {*names, *ENDS} for rows in pairs.values()):
        raise ValueError(
            "ladder needs the same methods in each pair, with the rows source_only and "
            "oracle."
        )
    fig = new_figure(7.4, 1.0 + 0.3 * len(names))
    grid = fig.subplots(1, len(pairs), sharey=True, squeeze=False)[0]
    in_words = []
    for axes, (pair, rows) in zip(grid, pairs.items(), strict=True):
        _rungs(axes, rows.loc[names])
        axes.set_title(readable(pair), fontsize=10.5)
        inner = ", ".join(f"{readable(m)} {v:.2f}" for m, v in rows["mean"].items())
        in_words.append(f"{readable(pair)}: {inner}")
    fig.supxlabel("Accuracy on the target's test pictures", fontsize=10.5)
    title_above(fig, title)
    words = f"Bars between source-only and oracle. {'; '.join(in_words)}."
    return Picture(fig, words)


def _rungs(axes, rows):
    """Bars of methods; source-only and oracle as lines through all of them."""
    low, high = (rows["mean"][end] for end in ENDS)
    axes.axvspan(low, high, color=PALETTE[5], alpha=0.13, linewidth=0)
    axes.axvline(low, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.axvline(high, color=INK, linewidth=1)
    for y, (name, row) in enumerate(rows.iterrows()):
        is_end, worse = name in ENDS, row["mean"] < low
        axes.barh(
            y, row["mean"], 0.68, linewidth=0, edgecolor="white",
            color=PALETTE[7] if is_end else PALETTE[1 if worse else 0],
            hatch="" if is_end or not worse else "///",
        )  # fmt: skip
        axes.hlines(y, row["low"], row["high"], color=INK, linewidth=1.6)
        end = np.fmax(row["high"], row["mean"])
        write_beside(axes, end, y, row["mean"], 4, fontsize=9.5, path_effects=HALO)
    axes.set(xlim=(0, 1.18), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks([0, 0.5, 1])
    name_rows(axes, rows.index)


@styled
def shift_lab(images, titles, accuracies, *, title=None):
    """A few pictures of a domain, and under them what methods make of it.

    Parameters
    ----------
    images : array_like, shape (n, height, width, 3), 0-255
    titles : sequence of str, (n,)
        The pictures' classes.
    accuracies : dict of str to float
        By method, with source_only and oracle.
    """
    fig = new_figure(7.4, 1.9 + 0.34 * len(accuracies))
    above, below = fig.subfigures(2, 1, height_ratios=[1.35, 0.34 * len(accuracies)])
    tiles = above.subplots(1, len(titles), squeeze=False)[0]
    for axes, image, name in zip(
        tiles, as_pixels(images, "shift_lab"), titles, strict=True
    ):
        axes.imshow(image)
        axes.set_title(readable(name), fontsize=9, loc="center", pad=2)
        axes.set_axis_off()
    axes = below.subplots()
    mean = pandas.Series(accuracies)
    _rungs(axes, pandas.DataFrame({"mean": mean, "low": mean, "high": mean}))
    axes.set_xlabel("Accuracy on the changed test pictures")
    title_above(fig, title)
    in_words = ", ".join(f"{readable(name)} {v:.2f}" for name, v in accuracies.items())
    return Picture(fig, f"{title or 'Accuracy by method'}: {in_words}.")


@styled
def bound(*, title=None):
    """Ben-David's bound on three cases, each with one feature and two classes.

    The source's density stands above the axis, the target's hangs below it.

    Parameters
    ----------
    """
    cases = {
        "before": {"A": [(0.2, 0.5)], "B": [(2.2, 0.5)]},
        "aligned,\nsame proportions": {"A": [(-1, 0.5)], "B": [(1, 0.5)]},
        "aligned,\n90 % are A": {"A": [(-1, 0.5), (1, 0.4)], "B": [(1, 0.1)]},
    }
    fig = new_figure(7.4, 3.7)
    grid = fig.subplots(1, len(cases), sharey=True)
    in_words = []
    for axes, (name, target) in zip(grid, cases.items(), strict=True):
        source = {"A": [(-1, 0.5)], "B": [(1, 0.5)]}
        terms = _bound_terms(source, target)
        for sign, domain in ((1, source), (-1, target)):
            bottom = 0
            for index, (label, humps) in enumerate(domain.items()):
                height = sign * _density(humps)
                axes.fill_between(
                    _LINE, bottom, bottom + height, color=PALETTE[index], alpha=0.75,
                    hatch=HATCHES[index], edgecolor="white", linewidth=0,
                    label=f"class {label}" if sign > 0 else None,
                )  # fmt: skip
                bottom = bottom + height
        axes.axhline(0, color=INK, linewidth=1)
        axes.axvline(0, color=INK, linewidth=1.4, linestyle=(0, (4, 3)),
                     label="the source's head")  # fmt: skip
        axes.set_title(name, fontsize=11, loc="center")
        axes.set(xlim=(-2.2, 3.4), ylim=(-0.95, 0.95), xticks=[], yticks=[])
        axes.text(3.3, 0.8, "source", ha="right", fontsize=10)
        axes.text(3.3, -0.87, "target", ha="right", fontsize=10)
        error, distance, joint, target_error = terms
        axes.set_xlabel(
            f"source error {error:.2f}\n+ distance {distance:.2f}\n"
            f"+ best for both {joint:.2f}\n≥ target error {target_error:.2f}",
            fontsize=10.5,
        )
        in_words.append(
            f"{name}: source error {error:.2f}, distance {distance:.2f}, best for both "
            f"{joint:.2f}, target error {target_error:.2f}".replace("\n", " ")
        )
    handles = grid[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside lower center", ncols=3, fontsize=10)
    title_above(fig, title)
    return Picture(
        fig, f"Densities of one feature in two domains. {'; '.join(in_words)}."
    )


_LINE, _SPREAD = np.linspace(-3, 4, 701), 0.3


def _density(humps):
    """Density along the line of bells of one spread: (centre, share) each."""
    bells = [
        share * np.exp(-((_LINE - centre) ** 2) / (2 * _SPREAD**2))
        for centre, share in humps
    ]
    return sum(bells) / (_SPREAD * np.sqrt(2 * np.pi))


def _bound_terms(source, target):
    """Source error, distance, error of the best head for both, and target error.

    Heads are thresholds, A on the left. Two thresholds differ on an interval; the
    distance is the most by which the domains disagree on one's share.
    """
    step = _LINE[1] - _LINE[0]
    domains = [{k: _density(humps) * step for k, humps in d.items()}
               for d in (source, target)]  # fmt: skip
    errors = [d["B"].cumsum() + d["A"].sum() - d["A"].cumsum() for d in domains]
    gap = sum(domains[0].values()).cumsum() - sum(domains[1].values()).cumsum()
    head = errors[0].argmin()
    distance = max(gap.max(), 0) - min(gap.min(), 0)
    return errors[0][head], distance, sum(errors).min(), errors[1][head]


@styled
def adversary(*, title=None):
    """Gradient reversal: what flows forwards, and what comes back.

    Parameters
    ----------
    """
    fig = new_figure(7.4, 2.9)
    axes = fig.subplots()
    axes.set(xlim=(-0.1, 9.9), ylim=(-0.1, 3.8))
    axes.set_axis_off()
    boxes = {
        "pictures of\nboth domains": (0.9, 2, PALETTE[7]),
        "encoder": (3.3, 2, PALETTE[0]),
        "head:\nwhich class?": (8.9, 3.2, PALETTE[2]),
        "reversal\n× (−strength)": (5.9, 0.8, PALETTE[1]),
        "classifier:\nwhich domain?": (8.9, 0.8, PALETTE[3]),
    }
    for words, (x, y, colour) in boxes.items():
        axes.add_patch(
            FancyBboxPatch(
                (x - 0.85, y - 0.42),
                1.7,
                0.84,
                boxstyle="round,pad=0.08",
                facecolor="white",
                edgecolor=colour,
                linewidth=2,
            )  # fmt: skip
        )
        axes.text(x, y, words, ha="center", va="center", fontsize=10.5)
    _arrows(axes, (1.9, 2), (2.3, 2), None)
    _arrows(axes, (4.35, 2.3), (7.9, 3.2), "be right")
    _arrows(axes, (4.35, 1.7), (4.9, 1.1), None)
    _arrows(axes, (6.9, 0.8), (7.9, 0.8), None)
    axes.text(7.4, 0.05, "tell them apart", ha="center", fontsize=9.5, color=INK)
    axes.text(3.3, 0.75, "make that\nimpossible", ha="center", fontsize=9.5,
              color=INK)  # fmt: skip
    put_title(axes, title)
    words = (
        "An encoder sees pictures of both domains. Its features go to a head that "
        "tells the class, and through a reversal to a classifier that tells the "
        "domain. Solid arrows go forwards. Dashed arrows are gradients on the way "
        "back; between classifier and encoder the reversal turns their sign, so the "
        "encoder learns to make the domains alike."
    )
    return Picture(fig, words)


def _arrows(axes, start, end, words):
    """One arrow forwards, and beneath it a dashed one back."""
    for (x0, y0), (x1, y1), line, shift in (
        (start, end, "-", 0.11), (end, start, (0, (3, 2)), -0.11),
    ):  # fmt: skip
        axes.annotate(
            "", (x1, y1 + shift), (x0, y0 + shift),
            arrowprops={"arrowstyle": "->", "linestyle": line, "color": INK,
                        "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
    if words:
        x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        axes.text(x - 0.1, y + 0.35, words, ha="right", fontsize=9.5, color=INK)
