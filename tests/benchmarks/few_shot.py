"""Few shots on frozen features, beside pixels and fine-tuning, over five seeds.

    python tests/benchmarks/few_shot.py [--json FILE]

Episodes of 5 ways (faces and pets: 2) and 1, 2, 5 and 10 shots, 15 queries of each
class; 100 episodes a seed, 50 of them for heads that train, 3 for fine-tuning. Nearest
centroid, cosine head, linear probe on the near bundled backbone, on EfficientNet-Lite0
and on pixels. Cats and dogs, with MobileNetV2 too, only where this project is made
(../shared). The measuring functions are those of the claims of lesson 15. An hour.

The JSON has ``accuracy`` and ``interval`` (half of the 95 % interval), each
``{task: {method: {shots: number}}}``.
"""

import pathlib
import sys

from measuring import command, in_new_process, interval

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))


def one_seed(seed, task):
    """Measure a task once; rows of method, shots and accuracy."""
    from tests.lessons.few_labels import test_claims as claims

    if task == "cats and dogs":
        rows = [r for each in claims.PETS_SEEN for r in claims.measure_pets(seed, each)]
    else:
        tuned = [f"{task}, {shots}" for shots in claims.SHOTS]
        seen = [part for part in claims.SEEN if part.startswith(task)]
        rows = [row for part in seen for row in claims.measure_shots(seed, part)]
        rows += [row for part in tuned for row in claims.measure_tuned(seed, part)]
        rows = [r for r in rows if "sees" in r or r["method"] == "fine-tuning"]
        for row in rows:  # fine-tuning is of the near backbone
            row.setdefault("sees", claims.near(task))
    return [(f"{row['sees']}, {row['method']}", row["shots"], row["value"])
            for row in rows]  # fmt: skip


def show(task, seeds):
    """Print the table of a task; means and halves of intervals, by method and shots."""
    found = {}
    for method, shots, value in (row for rows in seeds for row in rows):
        found.setdefault(method, {}).setdefault(shots, []).append(value)
    pairs = {m: {k: interval(v) for k, v in by.items()} for m, by in found.items()}
    shots = list(next(iter(pairs.values())))
    print(f"\n{task}: mean of {len(seeds)} seeds (± half the 95 % interval)")
    print(f"{'':44}" + "".join(f"{count:>8} shots" for count in shots))
    for method, by in pairs.items():
        cells = (f"   {mean:.3f} ±{half:.3f}" for mean, half in by.values())
        print(f"{method:44}" + "".join(cells), flush=True)
    return [
        {m: {k: pair[place] for k, pair in by.items()} for m, by in pairs.items()}
        for place in (0, 1)
    ]


def measure():
    """Run all tasks, each seed of each in a process of its own; the JSON's keys."""
    from tests.lessons.few_labels import test_claims as claims

    told = {"accuracy": {}, "interval": {}}
    tasks = [*claims.TASKS, *(["cats and dogs"] if claims.PETS.is_dir() else [])]
    for task in tasks:
        seeds = [in_new_process(__file__, "seed", seed, task) for seed in range(5)]
        told["accuracy"][task], told["interval"][task] = show(task, seeds)
    return told


if __name__ == "__main__":
    command(__doc__, measure, seed=lambda seed, task: one_seed(int(seed), task))
