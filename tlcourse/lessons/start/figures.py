"""The idea of transfer learning in one picture, with the lessons on it."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tlcourse.lessons import NUMBERS
from tlcourse.plots.pictures import as_pixels
from tlcourse.plots.style import INK, PALETTE, Picture, ink_on, styled


@styled
def course_map(source_images, target_images):
    """The idea of transfer learning in one picture, with the lessons on it.

    Parameters
    ----------
    source_images, target_images : array_like, shape (n, height, width, 3)
        Six photographs of things or more, and of apples, 0-255; six are shown.

    Raises
    ------
    ValueError
        If the pictures have another shape.
    """
    fig = Figure(figsize=(7.4, 5.59))
    axes = fig.add_axes((0, 0, 1, 1))
    rows = (
        (3.45, source_images, ("Source", "many labels", "Which thing?", "old")),
        (1.55, target_images, ("Target", "few labels", "Which apple?", "new")),
    )
    for colour, (y, images, words) in zip(PALETTE, rows, strict=False):
        _course_map_part(axes, y, as_pixels(images, "course_map"), words, colour)
    axes.text(3.28, 4.12, "backbone", ha="center", fontsize=11, color=INK)
    _arrow(axes, (3.28, 2.86), (3.28, 2.16), 24, 5, PALETTE[2])
    axes.text(3.5, 2.5, "transfer: the weights move", va="center", fontsize=11,
              fontweight="bold", color="#00694D")  # fmt: skip
    axes.text(3.28, 0.86, "❄ frozen or ✎ trainable", ha="center", fontsize=10.5)
    axes.text(5.11, 1.08, "✎ trainable", ha="center", fontsize=10.5)
    for lesson, title, place, (left, line) in _LESSONS:
        for spot in (place, (left, line)):
            _badge(axes, *spot, NUMBERS[lesson])
        axes.text(left + 0.22, line, title, va="center", fontsize=10, color=INK)
    axes.set_axis_off()
    axes.set(xlim=(0, 7.4), ylim=(-0.99, 4.6))
    return Picture(fig, _COURSE_MAP_IN_WORDS)


# Lesson, title, where it stands on the map and where in the list below it.
_LESSONS = (
    ("why", "Why transfer?", (3.02, 2.5), (0.5, 0.34)),
    ("features", "Feature extraction", (5.42, 1.82), (2.75, 0.34)),
    ("inside", "Inside a backbone", (2.12, 4.02), (5.2, 0.34)),
    ("freezing", "Freezing, fine-tuning", (2.12, 0.92), (0.5, 0.0)),
    ("choosing", "Choosing a source", (0.91, 2.72), (2.75, 0.0)),
    ("inductive", "Inductive transfer", (7.1, 1.55), (5.2, 0.0)),
    ("adapting", "Domain adaptation", (0.65, 0.82), (0.5, -0.34)),
    ("clusters", "Unsupervised transfer", (1.17, 0.82), (2.75, -0.34)),
    ("self_supervised", "Learning without labels", (1.69, 0.82), (5.2, -0.34)),
    ("pitfalls", "When transfer hurts", (6.2, 2.5), (0.5, -0.68)),
)
_COURSE_MAP_IN_WORDS = (
    "Two rows. Above, the source: many labelled photographs of things go through a "
    "backbone of five blocks and a head that answers 'Which thing?'. Below, the "
    "target: few labelled pictures of apples go through the same backbone, frozen or "
    "trainable, and a new, trainable head that answers 'Which apple?'. An arrow from "
    "backbone to backbone says: transfer, the weights move; the old head stays behind. "
    "Lessons {why} and {pitfalls} stand at the arrow, {inside} at the backbone, "
    "{features} at the new head, {freezing} at the words frozen or trainable, "
    "{choosing} at the source, {inductive} at the new question, {adapting}, "
    "{clusters} and {self_supervised} at the pictures of the target."
).format(**NUMBERS)


def _course_map_part(axes, y, images, words, style):
    """One row of the map: pictures, backbone, head, question. Units are inches."""
    name, labels, question, head = words
    axes.text(0.12, y + 0.66, name, fontsize=13, fontweight="bold", color=INK)
    axes.text(0.95, y + 0.67, labels, fontsize=10.5, color=INK)
    for index, image in enumerate(images[:6]):
        left, bottom = 0.12 + 0.53 * (index % 3), y + 0.02 - 0.53 * (index // 3)
        edges = (left, left + 0.48, bottom, bottom + 0.48)
        axes.imshow(image, extent=edges, zorder=2)
    for index in range(5):  # the blocks: their maps grow smaller
        height = 1.06 - 0.14 * index
        axes.add_patch(Rectangle(
            (2.32 + 0.4 * index, y - height / 2), 0.32, height, facecolor=PALETTE[0],
            alpha=0.85, edgecolor="white",
        ))  # fmt: skip
    axes.add_patch(Rectangle(
        (4.8, y - 0.25), 0.62, 0.5, facecolor="white" if head == "old" else style,
        edgecolor="#777777" if head == "old" else style, linewidth=1.4,
        linestyle="--" if head == "old" else "-",
    ))  # fmt: skip
    ink = "#666666" if head == "old" else ink_on(style)
    axes.text(5.11, y, f"{head}\nhead", ha="center", va="center", fontsize=9, color=ink)
    axes.text(5.82, y, question, va="center", fontsize=11, color=INK)
    for start, end in ((1.78, 2.24), (4.3, 4.74), (5.46, 5.78)):
        _arrow(axes, (start, y), (end, y), 12, 1.6, INK)


def _arrow(axes, start, end, size, width, colour):
    axes.annotate(
        "", end, start,
        arrowprops={"arrowstyle": "-|>", "mutation_scale": size, "linewidth": width,
                    "color": colour, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip


def _badge(axes, x, y, number):
    """A lesson's number on a dark disc."""
    axes.text(
        x, y, number, ha="center", va="center", fontsize=9.5, fontweight="bold",
        color="white", bbox={"boxstyle": "circle,pad=0.28", "facecolor": INK,
                             "edgecolor": "white"}, zorder=5,
    )  # fmt: skip
