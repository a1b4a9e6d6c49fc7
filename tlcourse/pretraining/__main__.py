"""`python -m tlcourse.pretraining SOURCE` makes a bundled backbone again."""

from __future__ import annotations

import argparse


def main():
    sources = ("glyphs", "fractals", "photos", "imagenet_distilled")
    parser = argparse.ArgumentParser(
        prog="python -m tlcourse.pretraining",
        description="Make a bundled backbone again, from nothing. Stop it whenever "
        "you like: the same command goes on where it stopped.",
    )
    parser.add_argument("source", choices=sources)
    source = parser.parse_args().source
    # Only now: both start TensorFlow.
    from tlcourse.pretraining import drawn, imagenet_distilled

    {
        "glyphs": drawn.run_glyphs,
        "fractals": drawn.run_fractals,
        "photos": drawn.run_photos,
        "imagenet_distilled": imagenet_distilled.run,
    }[source]()


if __name__ == "__main__":
    main()
