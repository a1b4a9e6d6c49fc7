"""What a moved policy is worth: each pair of games, each plan, five seeds.

    python tests/benchmarks/games.py [--json FILE]

The four measures of Taylor and Stone (2009), against from scratch and against a matched
start: jumpstart (score of 200), time_to_threshold (updates, below 0 is faster),
asymptote (score of 200) and ratio, each as a mean with its 95 % interval. It trains 280
policies, for about six minutes.
"""

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
    told = {}
    for opponent in OPPONENTS:
        print(f"against {opponent}, mean of {len(runs)} seeds (95 % interval)")
        for (pair, plan), rows in games.compare(table, opponent).groupby(
            ["pair", "plan"], sort=False
        ):
            print(f"  {pair}: {plan}")
            for _, row in rows.iterrows():
                both = [row["low"], row["high"]]
                kept = told.setdefault(opponent, {}).setdefault(pair, {})
                kept.setdefault(plan, {})[row["measure"]] = {
                    "mean": row["mean"], "interval": both,
                }  # fmt: skip
                print(
                    f"    {row['measure']:18}{row['mean']:9.2f}"
                    f"  ({both[0]:.2f} to {both[1]:.2f})"
                )
    return told


if __name__ == "__main__":
    each_seed(__file__, __doc__, one_seed, report)
