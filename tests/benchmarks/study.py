"""125 linear-probe trainings as one `tlcourse.Study`, from a cold start.

    python tests/benchmarks/study.py [--json FILE]

Five sources, five numbers of labels and five seeds on handwritten digits: all blocks
frozen, a linear head trained for 20 epochs. Side by side, each in a process of its own
with an empty cache: the study in one process (TensorFlow uses its cores), the study in
two worker processes, and a plain loop over `tlcourse.transfer` that keeps nothing, of
which one seed in five is run. Then the study once more from its folder, where nothing
is left to do. The clock starts before TensorFlow is imported.
"""

import pathlib
import statistics
import tempfile
import time

from measuring import command, in_new_process, interval

SOURCES = ["glyphs", "fractals", "photos", "imagenet_distilled", None]
SIZES, SEEDS = [2, 5, 10, 20, 50], range(5)
CELLS = len(SOURCES) * len(SIZES) * len(SEEDS)
REPEATS = 3
# The JSON's keys for how long each way takes.
KEYS = {
    "seconds_125": "one process",
    "seconds_125_two_processes": "two processes",
    "seconds_resumed": "resumed",
}


def study(folder, jobs):
    """Run the study; its accuracies and how many trainings were left to do."""
    import joblib

    import tlcourse as tl

    plans = {"linear probe": tl.FreezePlan.features}
    one = tl.Study(["digits"], SOURCES, plans, SIZES, SEEDS, folder=folder)
    left = CELLS - len(one.table)
    with joblib.parallel_config(n_jobs=int(jobs)):
        table = one.run(show_progress=False)
    return {"trainings": left, "accuracy": table["accuracy"].mean()}


def loop():
    """The same trainings one by one, each from its pictures; one seed of five."""
    import tlcourse as tl
    from tlcourse import activations

    accuracies, options = [], {"validate": False, "show_progress": False}
    for source in SOURCES:
        backbone = tl.backbones.load("mobilenet", source=source)
        plan = tl.FreezePlan.features(backbone)
        for size in SIZES:
            activations.forget()
            task = tl.datasets.load("digits", per_class=size)
            run = tl.transfer(backbone, task, plan, **options)
            accuracies.append(run.test_accuracy)
    return {"trainings": len(accuracies), "accuracy": statistics.mean(accuracies)}


def timed(way):
    """Give a function that runs one of the ways, and tells how long it took too."""

    def step(*words):
        started = time.perf_counter()
        return {**way(*words), "seconds": time.perf_counter() - started}

    return step


def measure():
    """Run all ways in turn, several times; runs by way."""
    found = {"one process": [], "two processes": [], "resumed": [], "loop": []}
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            for way, jobs in (("one process", 1), ("two processes", 2)):
                kept = pathlib.Path(folder) / way
                found[way].append(in_new_process(__file__, "study", kept, jobs))
            found["resumed"].append(in_new_process(__file__, "study", kept, 1))
        found["loop"].append(in_new_process(__file__, "loop"))
    assert all(run["trainings"] == 0 for run in found["resumed"])
    return found


def report(found):
    """Print a table; the JSON's keys."""
    print(f"{CELLS} linear-probe trainings, mean of {REPEATS} (95 % interval)")
    seconds = {way: [run["seconds"] for run in runs] for way, runs in found.items()}
    for way, runs in found.items():
        mean, half = interval(seconds[way])
        print(f"{way:15}{runs[0]['trainings']:5} trainings {mean:7.1f} s ±{half:5.1f}")
    told = {"interval": {}}
    share = CELLS / found["loop"][0]["trainings"]
    for way in ("one process", "two processes"):
        name = f"{way.replace(' ', '_')}_speedup"
        pairs = zip(seconds["loop"], seconds[way], strict=True)
        mean, half = interval([share * loop / ours for loop, ours in pairs])
        told[name], told["interval"][name] = mean, half
        print(f"{name}: {mean:.2f} ±{half:.2f} against a loop")
    for key, way in KEYS.items():
        told[key], told["interval"][key] = interval(seconds[way])
    told["accuracy"] = found["one process"][0]["accuracy"]
    return told


if __name__ == "__main__":
    steps = {"study": timed(study), "loop": timed(loop)}
    command(__doc__, lambda: report(measure()), **steps)
