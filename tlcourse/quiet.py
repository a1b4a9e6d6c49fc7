"""Start TensorFlow without its start-up messages.

TensorFlow's C++ code writes to file descriptor 2 before any Python setting is read,
so redirecting ``sys.stderr`` is not enough.
"""

import contextlib
import ctypes
import functools
import importlib
import importlib.util
import logging
import os
import signal
import sys
import tempfile

_INTERRUPTED = (
    "Importing TensorFlow was interrupted: restart the kernel and run the cells from "
    "the top."
)
_loaded = None
_tried = ""  # how an earlier import ended: "interrupted" or "failed"


@contextlib.contextmanager
def silent_stderr():
    """Send everything written to file descriptor 2 to a file while the block runs.

    Yields the binary file, or None where the process has no descriptor 2.
    """
    try:
        kept = os.dup(2)
    except OSError:
        yield None
        return
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield sink
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def import_keras():
    """Import Keras on TensorFlow, silently, and give the module back.

    The first call takes a few seconds; later calls are free. ``TF_CPP_MIN_LOG_LEVEL``
    is left as it is where it is set.

    Raises
    ------
    ImportError
        If Keras or TensorFlow cannot be loaded; the message says how to mend it. After
        an import that was interrupted, none is tried: it may end Python (SIGSEGV).
    """
    global _loaded, _tried
    if _loaded is None:
        if _tried == "interrupted" or (not _tried and _half_imported()):
            raise ImportError(_INTERRUPTED)
        _prepare()
        with silent_stderr() as sink, _noticed_interrupts():
            problem, written = _start(), b""
            if sink is not None:
                sink.seek(0)
                written = sink.read().strip()
        if problem is not None and _tried == "interrupted":
            raise ImportError(_INTERRUPTED) from problem
        if problem is not None:
            _tried = "failed"
            raise ImportError(
                f"Keras and TensorFlow could not be loaded ({problem}). "
                "Type `tlcourse doctor` in a terminal to see what to mend."
                + (f"\n{written.decode(errors='replace')}" if written else "")
            ) from problem
        _loaded = sys.modules["keras"]
    return _loaded


@contextlib.contextmanager
def _noticed_interrupts():
    """Remember an interrupt (Ctrl-C, SIGINT) that comes while the block runs.

    A library may take the exception for a package that is missing, and go on.
    """
    before = signal.getsignal(signal.SIGINT)

    def notice(*given):
        global _tried
        _tried = "interrupted"
        return before(*given)

    try:
        signal.signal(signal.SIGINT, notice if callable(before) else before)
    except (ValueError, TypeError):  # not in the main thread, or not set by Python
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _half_imported():
    """Whether somebody's own ``import keras`` was interrupted: its parts are there."""
    return any(
        name.partition(".")[0] not in sys.modules
        for name in list(sys.modules)
        if name.startswith(("tensorflow.", "keras."))
    )


def _prepare():
    """Set what has to be set before TensorFlow starts."""
    # 2: errors only. Warnings about rebuilding TensorFlow help no learner.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # The course uses TensorFlow's graphs; ~/.keras/keras.json may name another backend.
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with contextlib.suppress(OSError, AttributeError):  # glibc alone has it
        # Two pools of freed memory (M_ARENA_MAX, -8), not 16: 50 MB a lesson.
        ctypes.CDLL("libc.so.6").mallopt(-8, 2)


class _Quietly:
    """Finds Keras once, for a plain ``import keras`` too, and lets it load silently."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "keras":
            return None
        sys.meta_path.remove(cls)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_silently(module):
                _prepare()
                with silent_stderr():
                    load(module)
                    _wake()

            spec.loader.exec_module = load_silently
        return spec


def _wake():
    """Let TensorFlow look for a GPU: that prints, and would come at the first step."""
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        importlib.import_module("tensorflow").config.list_physical_devices()
        # It warns of tracing anew for each model; a course trains many. And it sets its
        # logger's level when it is imported.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        _keep_no_graphs()


@functools.cache
def _keep_no_graphs():
    """Let Keras sum gradients over devices only where there is more than one.

    It sums them over a single one, too, in a way of TensorFlow's that keeps the graph
    of each training until Python ends: 60 to 100 MB (tensorflow/tensorflow#97697).
    """
    has_strategy = importlib.import_module("tensorflow").distribute.has_strategy
    with contextlib.suppress(ImportError, AttributeError):
        optimizer = importlib.import_module("keras.src.backend.tensorflow.optimizer")
        over_devices = optimizer.TFOptimizer._all_reduce_sum_gradients

        def summed(self, pairs):
            return over_devices(self, pairs) if has_strategy() else pairs

        optimizer.TFOptimizer._all_reduce_sum_gradients = summed


if "keras" not in sys.modules:
    sys.meta_path.insert(0, _Quietly)


def _start():
    """Load Keras and wake TensorFlow up; return the exception, or None."""
    try:
        backend = importlib.import_module("keras").backend.backend()
        if backend != "tensorflow":
            return ImportError(
                f"Keras runs on {backend} here, and the course needs TensorFlow: "
                "unset KERAS_BACKEND and start again"
            )
        _wake()
    except Exception as problem:
        return problem
    return None
