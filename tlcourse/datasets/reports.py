"""What is worth knowing about a folder of pictures before anything is trained on it."""

from __future__ import annotations

import collections
import dataclasses

import numpy as np

_SHOWN = 5  # names of files in a sentence
_MOST_COMPARED = 5000
_APART = 0.05  # squared difference of near copies, as a share of their variance
_FEW, _STRONG = 10, 3  # training pictures of a class; times more than another class
_EDGE = 2  # of 16 pixels a side: the outermost eighth
_TOLD, _MISTAKEN, _MOST_ON_EDGES = 0.95, 0.05, 1000
_READ = (".bmp", ".gif", ".jpeg", ".jpg", ".png")  # by Keras


@dataclasses.dataclass(frozen=True, eq=False)
class Report:
    """What pictures there are, what was left out, and what to beware of.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a class: ``class``, ``train``, ``val``, ``test`` (numbers of pictures).
    notes : tuple of str
        A sentence each.
    left_out : dict of str to str
        Files that were not read, and why.
    copies : tuple of tuple of str
        Groups of pictures, by file, that are copies or nearly.
    """

    table: object
    notes: tuple[str, ...]
    left_out: dict
    copies: tuple[tuple[str, ...], ...]

    def __str__(self):
        head = " | ".join(self.table.columns)
        lines = [f"| {head} |", "|" + "---|" * len(self.table.columns)]
        lines += [f"| {' | '.join(map(str, row))} |" for row in self.table.values]
        return "\n".join([*lines, "", *(f"* {note}" for note in self.notes)])

    __repr__ = _repr_markdown_ = __str__


def copies(images):
    """Tell which pictures are copies, or nearly, of one another.

    Pictures are compared on 16 x 16 pixels: near copies differ by less than 3 of 255
    grey levels on average there, and by little beside their own contrast, as after
    saving as JPEG again or a change of size.
    Of more than 5,000 pictures only exact copies are found: pairs are too many.

    Parameters
    ----------
    images : array, (n, height, width, 3), 0-255

    Returns
    -------
    ndarray, int, (n,)
        Copies have the same number.
    """
    if len(images) > _MOST_COMPARED:
        first = {}  # of each different picture, its place
        return np.array(
            [first.setdefault(hash(x.tobytes()), i) for i, x in enumerate(images)]
        )
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    small = _thumbnails(images).astype("int16")
    grey = small.mean(axis=3)[:, ::2, ::2][:, :, :8]
    # Whether each of 8 x 7 pixels is lighter than the one beside it: 56 bits.
    bits = (grey[:, :, 1:] > grey[:, :, :-1] + 2).reshape(len(images), -1)
    codes = np.zeros((len(images), 8), "uint8")
    codes[:, :7] = np.packbits(bits, axis=1)
    codes = codes.view("uint64").ravel()
    contrast = small.var(axis=(1, 2)).mean(axis=1)  # of each picture
    pairs = []
    for place, code in enumerate(codes):
        near = np.flatnonzero(np.bitwise_count(codes[place + 1 :] ^ code) <= 6)
        near += place + 1
        gaps = np.abs(small[near] - small[place]).mean(axis=(1, 2, 3))
        # Dark or pale pictures differ by little in grey levels, and are no copies.
        apart = np.square(small[near] - small[place], dtype="float32").mean((1, 2, 3))
        close = (gaps < 3) & (apart <= _APART * contrast[place])
        pairs += [(place, other) for other in near[close]]
    rows, columns = np.array(pairs, int).reshape(-1, 2).T
    links = coo_matrix((np.ones(len(rows)), (rows, columns)), (len(codes),) * 2)
    return connected_components(links, directed=False)[1]


def _thumbnails(images):
    """Each picture on 16 x 16 pixels; uint8 (n, 16, 16, 3)."""
    import PIL.Image

    pictures = (PIL.Image.fromarray(np.uint8(image)) for image in images)
    return np.stack([np.asarray(x.resize((16, 16), 4)) for x in pictures])  # 4: box


def describe(
    images, labels, classes, names, parts, copies,
    left_out=None, sizes=None, unused=(), taken=(),
):  # fmt: skip
    """Report on pictures that are split.

    Parameters
    ----------
    images : ndarray, (n, height, width, 3)
    labels : ndarray, int, (n,)
    classes : sequence of str
    names : sequence of str, (n,)
        What to call each picture.
    parts : ndarray of str, (n,)
        "train", "val" or "test".
    copies : ndarray, int, (n,)
        See `copies`.
    left_out : dict of path to str, optional
        Files that were not read, and why.
    sizes : sequence of (int, int), optional
        Width and height of each file, (n,).
    unused : collection of str
        Folders without a picture that could be read.
    taken : sequence of str
        Splits that come from the training pictures, since they have no folder.

    Returns
    -------
    Report
    """
    import pandas

    counts = {
        part: np.bincount(labels[parts == part], minlength=len(classes))
        for part in ("train", "val", "test")
    }
    table = pandas.DataFrame({"class": list(classes), **counts})
    notes = [
        _on_sizes(images, classes, sizes),
        _on_files(left_out),
        _on_darkness(images),
        _on_endings(names),
        *_on_folders(unused, taken),
        *_on_copies(labels, classes, names, parts, copies),
        *_on_gaps(counts, classes),
        *_on_balance(counts["train"], classes),
        *_on_edges(images, labels, classes, parts),
        *_on_looks(images, labels, classes, parts, sizes),
        _on_test(counts["test"].sum()),
    ]
    return Report(
        table,
        tuple(note for note in notes if note),
        {str(file): why for file, why in (left_out or {}).items()},
        tuple(tuple(names[i] for i in group) for group in _groups(copies)),
    )


def _on_sizes(images, classes, sizes):
    height, width = images.shape[1:3]
    note = f"{len(images)} pictures of {len(classes)} classes, {height} x {width} px."
    if sizes and set(sizes) != {(width, height)}:
        widths, heights = zip(*sizes, strict=True)
        note += (
            f" The files are {min(widths)} to {max(widths)} px wide and {min(heights)} "
            f"to {max(heights)} px high; all were brought to one size."
        )
    return note


def _on_files(left_out):
    if not left_out:
        return None
    some = [f"{file.name} ({why})" for file, why in list(left_out.items())[:_SHOWN]]
    more = f", and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else ""
    return f"Files left out: {len(left_out)}. {', '.join(some)}{more}."


def _on_endings(names):
    others = [
        name for name in names if "." in name and not name.lower().endswith(_READ)
    ]
    if others:
        return (
            f"Keras's image_dataset_from_directory passes over {len(others)} of these "
            f"files without a word, {others[0]} for one: save them as .jpg or .png."
        )


def _on_darkness(images):
    if images.max() < 64:
        return (
            f"The pictures are nearly black, at most {images.max():g} of 255: files "
            "of 12 bits in 16, perhaps. Scale them, and use from_arrays."
        )


def _on_folders(unused, taken):
    """On folders that are no classes, and on splits that have no folder."""
    if unused:
        yield (
            f"No picture could be read in {', '.join(sorted(unused)[:_SHOWN])}: "
            f"{len(unused)} folder{'s' if len(unused) > 1 else ''} without a class."
        )
    for part in taken:
        yield f"There is no folder for {part}, so it is taken from train."


def _on_gaps(counts, classes):
    """On classes of which validation or test have nothing, though they are there."""
    for part in ("val", "test"):
        without = [classes[i] for i in np.flatnonzero(counts[part] == 0)]
        if counts[part].any() and without:
            yield f"No picture in {part} is of the class {without[0]!r}" + (
                f", nor of {len(without) - 1} more." if len(without) > 1 else "."
            )


def _on_copies(labels, classes, names, parts, copies):
    """On groups of copies: of two classes, on two sides, and all others."""
    groups = _groups(copies)
    if not groups:
        return
    yield (
        f"Copies or near copies of another picture: {sum(map(len, groups))} pictures "
        f"in {len(groups)} groups, {_names(groups[0], names)} for instance."
    )
    mixed = [group for group in groups if len(set(labels[group])) > 1]
    if mixed:
        yield (
            f"The same picture stands in two classes: {_names(mixed[0], names)}"
            f"{f', and {len(mixed) - 1} more' if len(mixed) > 1 else ''}. Keep one."
        )
    apart = [group for group in groups if len(set(parts[group])) > 1]
    if apart:
        yield (
            f"Of {len(apart)} pictures a copy stands on another side of the split "
            f"({_names(apart[0], names)}), so the test tells less about new pictures."
        )


def _groups(copies):
    """The places of each group of two copies or more; a list of lists."""
    groups = collections.defaultdict(list)
    for place, group in enumerate(copies):
        groups[group].append(place)
    return [group for group in groups.values() if len(group) > 1]


def _names(group, names):
    return " and ".join(names[place] for place in group[:2])


def _on_balance(counts, classes):
    few = [
        f"{count} of {name!r}"
        for count, name in zip(counts, classes, strict=True)
        if count < _FEW
    ]
    if few:
        more = f", and {len(few) - _SHOWN} more classes" if len(few) > _SHOWN else ""
        yield f"Few pictures for training: {', '.join(few[:_SHOWN])}{more}."
    if counts.max() >= _STRONG * counts.min():
        yield (
            f"The classes are not balanced: {classes[counts.argmax()]!r} has "
            f"{counts.max()} pictures for training and {classes[counts.argmin()]!r} "
            f"{counts.min()}. Accuracy can hide that a rare class is missed: look at "
            '`run.recall`, and try `class_weight="balanced"`.'
        )


def _on_edges(images, labels, classes, parts):
    """On classes that the outermost eighth of the pictures gives away."""
    mine = np.random.default_rng(0).permutation(np.flatnonzero(parts == "train"))
    mine = mine[:_MOST_ON_EDGES]
    pixels, truth = _thumbnails(images[mine]), labels[mine]
    if np.bincount(truth, minlength=len(classes)).min() < _FEW:
        return  # too few to tell
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import cross_val_predict

    edge = np.ones(pixels.shape[1:3], bool)
    edge[_EDGE:-_EDGE, _EDGE:-_EDGE] = False
    pixels = pixels[:, edge].reshape(len(mine), -1) / 255
    model = RidgeClassifier(class_weight="balanced")
    called = cross_val_predict(model, pixels, truth, cv=5)
    for label, name in enumerate(classes):
        told = np.mean(called[truth == label] == label)
        if told >= _TOLD and np.mean(called[truth != label] == label) <= _MISTAKEN:
            yield (
                f"The edges of the pictures alone give away {name!r}, in {told:.0%} of "
                "its pictures. If its background differs from that of the others, a "
                "model learns the background: take all classes in the same places."
            )


def _on_looks(images, labels, classes, parts, sizes):
    """On classes that brightness, colour or the size of the file alone gives away."""
    mine = np.flatnonzero(parts == "train")
    pixels = _thumbnails(images[mine]).astype("float32")
    looks = {
        "brightness": pixels.mean(axis=(1, 2, 3)),
        "strength of colour": np.ptp(pixels, axis=3).mean(axis=(1, 2)),
    }
    if sizes is not None:
        looks["size of the file in pixels"] = np.prod(np.array(sizes)[mine], axis=1)
    for label, name in enumerate(classes):
        inside = labels[mine] == label
        if np.count_nonzero(inside) < _FEW:
            continue  # too few to tell
        told = [look for look, values in looks.items() if _apart(values, inside)]
        if told:
            yield (
                f"{name!r} is given away by its {' and its '.join(told)} alone. If the "
                "camera or the light did that, a model learns it: take all classes in "
                "the same way."
            )


def _apart(values, inside):
    """Whether hardly another class's value lies among those of one class."""
    low, high = np.quantile(values[inside], [1 - _TOLD, _TOLD])
    others = values[~inside]
    return np.mean((low <= others) & (others <= high)) <= _MISTAKEN


def _on_test(count):
    if 0 < count < 100:
        return (
            f"The test split has {count} pictures, so each is {100 / count:.1f} points "
            "of accuracy: results are rough."
        )
