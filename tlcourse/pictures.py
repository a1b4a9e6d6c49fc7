"""Pictures as arrays: which are taken, and how a file becomes one."""

from __future__ import annotations

import warnings

import numpy as np

MOST_PIXELS = 50_000_000  # in one file: a telephone makes 12 to 50 million
_ORIENTATION, _LYING = 0x0112, (5, 6, 7, 8)  # EXIF: turned by a quarter


def check_images(images):
    """Return images as an array, or say in one sentence what is wrong with them.

    Parameters
    ----------
    images : array, (n, height, width, 3), 0-255

    Returns
    -------
    ndarray, uint8 as it came, everything else as float32

    Raises
    ------
    ValueError
        If they are empty, of another shape, not finite or of another range.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8:
        images = np.asarray(images, "float32")
    if images.ndim != 4 or images.shape[-1] != 3:
        raise ValueError(
            "Images must have the shape (n, height, width, 3), not "
            f"{images.shape}: {_advice(images.shape)}."
        )
    if images.size == 0:
        raise ValueError("There are no images: give at least one.")
    low, high = float(images.min()), float(images.max())
    if not np.isfinite([low, high]).all():
        raise ValueError("Some pixels are NaN or infinite: replace them first.")
    if low < 0 or high > 255 or 0 < high <= 1 or _mostly_below_one(images):
        raise ValueError(
            f"Pixels must lie in 0-255, and these lie in {low:g} to {high:g}"
            f"{', nearly all of them below 1' if 1 < high <= 255 and low >= 0 else ''}"
            ": undo any scaling; the backbone does its own."
        )
    return images


def _advice(shape):
    """What to do with images of another shape."""
    if len(shape) == 3 and (shape[-1] in (3, 4) or shape[0] == 3):
        return "put a single image in a batch with image[None]"
    if len(shape) == 4 and shape[1] in (1, 3, 4) and shape[-1] not in (1, 3, 4):
        return "put the channels last with np.moveaxis(images, 1, -1)"
    if len(shape) == 4 and shape[-1] == 4:
        return "leave the fourth channel, transparency, out with images[..., :3]"
    return "put grey images in three channels with np.repeat"


def _mostly_below_one(images):
    """Whether these are 0-1 pictures in which some pixel is a little above 1."""
    if images.dtype == np.uint8:
        return False
    step = images.size // 10**6 // 3 * 3 + 1  # one colour after the other
    some = images.reshape(-1)[::step]
    lit = some[some > 0]
    # Whole numbers are those of a nearly black picture.
    return len(lit) > 0 and np.mean((lit < 1) & (lit % 1 > 0)) > 0.8


def picture_size(file):
    """Width and height of a picture as it is seen, from the head of its file.

    Parameters
    ----------
    file : path or binary file

    Returns
    -------
    (int, int)
        In pixels.

    Raises
    ------
    ValueError
        If it is no picture, or has more than 50 million pixels.
    """
    with _opened(file) as picture:
        # Asking any other kind for its EXIF may read all of it.
        if "exif" not in picture.info and picture.format != "TIFF":
            return picture.size
        try:
            lies = picture.getexif().get(_ORIENTATION) in _LYING
        except Exception:  # reading the whole picture will say what is broken
            lies = False
        return picture.size[::-1] if lies else picture.size


def read_picture(file):
    """Read a picture from a file, whatever its kind; a PIL.Image in RGB.

    It stands as the camera was held (EXIF), its transparent parts are white, of an
    animation it is the first one, and 16 bits a pixel become 8.

    Parameters
    ----------
    file : path or binary file

    Raises
    ------
    ValueError
        If it is no picture, is broken, or has more than 50 million pixels.
    """
    import PIL.ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metadata that does not matter here
        try:
            with _opened(file) as picture:
                picture.load()
                return _in_rgb(PIL.ImageOps.exif_transpose(picture))
        except _NotTakenError:
            raise
        except Exception as problem:  # a broken file can bring any, struct.error too
            raise ValueError(f"it is broken ({problem})") from None


class _NotTakenError(ValueError):
    """Of a file that is refused before its pixels are read."""


def _opened(file):
    """A PIL.Image whose pixels are not read yet."""
    import PIL.Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large ones: they are refused below
        try:
            picture = PIL.Image.open(file)
        except PIL.UnidentifiedImageError:
            if str(file).lower().endswith((".heic", ".heif")):
                raise _NotTakenError(
                    "it is in a telephone's format, HEIC: save it as JPEG"
                ) from None
            raise _NotTakenError("it is no picture") from None
        except Exception as problem:
            raise _NotTakenError(f"it cannot be opened ({problem})") from None
    if picture.width * picture.height > MOST_PIXELS:
        picture.close()
        raise _NotTakenError(
            f"it is huge, {picture.width} x {picture.height} pixels; at most "
            f"{MOST_PIXELS:,} are read"
        )
    return picture


def _in_rgb(picture):
    """A picture of any mode in RGB."""
    import PIL.Image

    if picture.mode.startswith(("I", "F")):  # more than 8 bits, grey
        values = np.asarray(picture, "float64")
        most = 65535 if values.max() > 255 else 255 if values.max() > 1 else 1
        picture = PIL.Image.fromarray(np.uint8(np.clip(values / most, 0, 1) * 255))
    if "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(white, picture)
    return picture.convert("RGB")
