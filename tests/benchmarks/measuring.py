"""What the benchmarks share: the command, a process a measurement, an interval."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile


def command(about, measure, **steps):
    """Measure and print all; write the keys that come back as JSON where told.

    A step's name and words on the command line run that step and print its JSON.
    """
    if sys.argv[1:] and sys.argv[1] in steps:
        print(json.dumps(steps[sys.argv[1]](*sys.argv[2:])))
        return
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    wanted = parser.parse_args().json
    told = measure()
    if wanted:
        wanted.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def each_seed(file, about, one_seed, report):
    """Run a benchmark that has one measurement a seed, for five, each by itself."""

    def measure():
        return report([in_new_process(file, "seed", seed) for seed in range(5)])

    command(about, measure, seed=lambda seed: one_seed(int(seed)))


def in_new_process(file, *words):
    """Run a benchmark's file with some words and an empty cache; the JSON it prints."""
    line = [sys.executable, file, *map(str, words)]
    with tempfile.TemporaryDirectory() as empty:  # nothing is kept from before
        env = {**os.environ, "TLCOURSE_CACHE": empty, "TF_CPP_MIN_LOG_LEVEL": "3"}
        printed = subprocess.check_output(line, env=env, text=True)
    return json.loads(printed.splitlines()[-1])


def interval(values):
    """Mean and half the 95 % interval of a mean."""
    import scipy.stats

    reach = scipy.stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values)
    return statistics.mean(values), reach / len(values) ** 0.5


def intervals(runs, *part):
    """Means by name and halves of intervals by name, of this part of every run."""
    for key in part:
        runs = [run[key] for run in runs]
    both = {name: interval([run[name] for run in runs]) for name in runs[0]}
    return tuple({name: pair[i] for name, pair in both.items()} for i in (0, 1))
