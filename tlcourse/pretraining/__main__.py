"""`python -m tlcourse.pretraining SOURCE` makes a bundled backbone again."""

from __future__ import annotations

import argparse
import importlib

SOURCES = ("glyphs", "fractals", "photos", "imagenet_distilled")


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tlcourse.pretraining",
        description="Make a bundled backbone again, from nothing. Stop it whenever "
        "you like: the same command goes on where it stopped.",
    )
    parser.add_argument("source", choices=SOURCES)
    source = parser.parse_args().source
    importlib.import_module(f"tlcourse.pretraining.{source}").run()


if __name__ == "__main__":
    main()
