"""What a moved policy is worth: each pair of games, each plan, five seeds.

    python tests/benchmarks/games.py [--json FILE]

The four measures of Taylor and Stone (2009), against from scratch and against a matched
start: jumpstart (score of 200), time_to_threshold (updates, below 0 is faster),
asymptote (score of 200) and ratio, each as a mean with its 95 % interval. It trains 280
policies, for about six minutes.
"""

import math
import pathlib
import sys

from measuring import each_seed

OPPONENTS = ("from scratch", "matched start")


def one_seed(seed):
    """Train everything once; a row an update."""
    sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
    from tests.lessons.games.test_claims import PAIRS, measure_curves

    rows = [row for pair in PAIRS for row in measure_curves(seed, pair)]
    return [{**row, "seed": seed, "score": 200 * row["value"]} for row in rows]


def report(runs):
    """Print a table an opponent; the JSON's keys."""
    import pandas

    from tlcourse import games

    table = pandas.DataFrame([row for run in runs for row in run])
    told = {opponent: {} for opponent in OPPONENTS}
    for opponent, kept in told.items():
        print(f"against {opponent}, mean of {len(runs)} seeds (95 % interval)")
        for _, row in games.compare(table, opponent).iterrows():
            pair, plan, name = row["pair"], row["plan"], row["measure"]
            low, high = row["low"], row["high"]
            print(f"{pair:18}{plan:32}{name:18}{row['mean']:9.2f}", end="")
            print(f" ({low:.2f} to {high:.2f})")
            kept.setdefault(pair, {}).setdefault(plan, {})[name] = {
                "mean": finite(row["mean"]), "interval": [finite(low), finite(high)],
            }  # fmt: skip
    return told


def finite(number):
    """JSON knows no infinite ratio."""
    return number if math.isfinite(number) else None


if __name__ == "__main__":
    each_seed(__file__, __doc__, one_seed, report)
