"""Language: pre-trained models that read, in plain Keras, and texts with labels.

``bert``, ``gpt`` and ``multilingual`` hold a model each, and start TensorFlow when they
are imported. ``texts`` brings the course's reviews and one's own.
"""

from tlcourse.language.texts import from_csv

__all__ = ["from_csv"]
