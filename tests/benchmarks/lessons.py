"""The time and the memory that every lesson takes, run from top to bottom.

    python tests/benchmarks/lessons.py [NAME ...] [--json FILE]

One lesson after another, each in a fresh kernel. NAME is a lesson's name, as in
"choosing"; without one, all run. The memory is the most that the kernel has held, in MB
of 2**20 bytes; Binder ends a kernel at 2048.

FILE keeps what it has of other lessons, and is written after each. Beside both figures
stand the date, the machine, and its load before the lesson began: with a load of 1 or
more, others were at work, and the seconds say little. The memory in the lesson map is
that of ``lessons.json`` beside this file; a test compares them.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).parents[2]
PEAK = (
    "import resource as _resource\n"
    "print(_resource.getrusage(_resource.RUSAGE_SELF).ru_maxrss / 2**10)"
)


def measure(name, folder):
    """Run a lesson in a folder; its seconds, from the kernel's start, and its peak."""
    import nbclient
    import nbformat

    from tlcourse import lessons

    notebook = nbformat.read(lessons.notebook(name), as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    load = os.getloadavg()[0]
    started = time.perf_counter()
    options = {"timeout": 600, "kernel_name": "python3"}
    options["resources"] = {"metadata": {"path": folder}}  # what it writes stays there
    nbclient.NotebookClient(notebook, **options).execute()
    seconds = time.perf_counter() - started
    return {
        "seconds": round(seconds, 1),
        "peak_mb": round(float(notebook.cells[-1].outputs[0].text), 1),
        "load_before": round(load, 2),
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
    }


def machine():
    """In words: the system, the processors, the memory, and versions that matter."""
    from importlib.metadata import version

    import psutil

    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GB, Python {platform.python_version()}, "
        f"TensorFlow {version('tensorflow')}, Keras {version('keras')}"
    )


def main():
    """Measure the lessons that the command line names, and print a table."""
    sys.path.insert(0, str(ROOT))
    from tlcourse import lessons

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = ", ".join(lessons.NUMBERS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=known)
    parser.add_argument("--json", type=pathlib.Path)
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(lessons.NUMBERS):
        parser.error(f"no lesson is called {', '.join(sorted(unknown))}")
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    found = {}
    if asked.json and asked.json.exists():
        found = json.loads(asked.json.read_text("utf-8"))["lessons"]
    for name in asked.names or lessons.NUMBERS:
        with tempfile.TemporaryDirectory() as empty:  # nothing is kept from before
            os.environ["TLCOURSE_CACHE"] = empty
            os.environ["TLCOURSE_RECORD"] = f"{empty}/learner.json"
            found[name] = measure(name, empty)
        took = f"{found[name]['seconds']:8.1f} s{found[name]['peak_mb']:8.0f} MB"
        print(f"{lessons.NUMBERS[name]} {name:12}{took}", flush=True)
        if asked.json:
            in_order = {name: found[name] for name in lessons.NUMBERS if name in found}
            text = json.dumps({"lessons": in_order}, indent=1) + "\n"
            asked.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
