"""A workshop here: so many people log in at once, and each runs lesson 01.

    sudo python tests/benchmarks/hub.py [--users 8] [--lesson why] [--json FILE]

A real JupyterHub with the configuration of deploy/jupyterhub, each seat a user of Unix
with a server of its own. The JSON has `users`, `finished` (how many ran every cell),
`seconds` (from the first login to the last cell) and `memory_per_user` (the most that
a seat has held at once, server and kernel, in MB of 2**20 bytes).
"""

import argparse
import concurrent.futures
import json
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "deploy" / "jupyterhub")]


def sit_down(hub, name, lesson):
    """Log in, get the lessons, run one; the seconds of each step."""
    from tlcourse_workshop import password

    from tests.hub.real_hub import Person

    person = Person(hub, name)
    if not person.log_in(password(hub.secret, name)):
        raise RuntimeError(f"{name} cannot log in.")
    person.take_token()
    seconds, began = {"start": person.start()}, time.perf_counter()
    person.get_lessons()
    seconds["lessons"], began = time.perf_counter() - began, time.perf_counter()
    person.run_lesson(lesson)
    seconds["run"] = time.perf_counter() - began
    return seconds


def workshop(users, lesson):
    """Hold it; the fixed keys, and the seconds of each step for those who finished."""
    from tlcourse_workshop import seat_names

    from tests.hub.real_hub import Hub, MemoryWatch

    with tempfile.TemporaryDirectory() as folder, Hub(folder, users) as hub:
        pool = concurrent.futures.ThreadPoolExecutor(users)
        with MemoryWatch(hub) as memory, pool:
            began = time.perf_counter()
            names = seat_names(users)
            seats = [pool.submit(sit_down, hub, name, lesson) for name in names]
            concurrent.futures.wait(seats)
            seconds = time.perf_counter() - began
        for name, seat in zip(names, seats, strict=True):
            if seat.exception():
                print(f"{name}: {seat.exception()}", file=sys.stderr)
        steps = [seat.result() for seat in seats if not seat.exception()]
        fixed = {
            "users": users,
            "finished": len(steps),
            "seconds": round(seconds, 1),
            "memory_per_user": round(max(memory.peaks.values(), default=0)),
        }
        return fixed, steps, memory.all_at_once


def main():
    """Hold the workshop that the command line describes, and print what it took."""
    from tests.hub.real_hub import what_is_missing

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--lesson", default="why", help="its name (default: why)")
    parser.add_argument("--json", type=pathlib.Path)
    asked = parser.parse_args()
    if missing := what_is_missing():
        parser.error(missing)
    fixed, steps, all_at_once = workshop(asked.users, asked.lesson)
    print(f"{fixed['finished']} of {fixed['users']} finished, {fixed['seconds']:.0f} s")
    for step in ("start", "lessons", "run"):
        took = [each[step] for each in steps] or [float("nan")]
        print(f"{step:8} {min(took):6.1f} to {max(took):6.1f} s")
    print(f"memory   {fixed['memory_per_user']} MB a seat, {all_at_once:.0f} MB in all")
    if asked.json:
        asked.json.write_text(json.dumps(fixed, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
