"""What a learner has done, kept in one file of their own: exercises, quizzes, time.

The file is ``learner.json`` in the user's data folder, or what ``TLCOURSE_RECORD``
names. No name stands in it, and nothing leaves the computer. `check`, `hint`,
`solution` and `quiz` write it; lesson 00, ``tlcourse record`` and ``tlcourse
certificate`` show it.

The file has four parts::

    {"tlcourse": "0.1.0",
     "exercises": {"why.1": {"attempts": 3, "hints": 1, "solution": false,
                             "passed": "2026-11-27T19:33:00+00:00"}},
     "quizzes": {"why": {"1": {"answers": 2, "right": "2026-11-27T19:40:00+00:00"}}},
     "seconds": {"why": 1260.0}}

All stands still once an exercise has passed: ``attempts`` counts the checks up to the
first pass, ``hints`` those taken before it, ``solution`` says whether it was asked for
before it.

Time is an estimate. In each kernel it runs from the set-up cell to the last check,
hint, solution or quiz; a pause of more than 15 minutes counts as 15. Reading before the
set-up or after the last of these is not counted.

Whatever goes wrong with the file, a check goes on: one sentence, once per kernel, says
that nothing is kept. A file that cannot be read is set aside, never overwritten.
"""

import contextlib
import datetime
import errno
import json
import os
import time
from pathlib import Path

from tlcourse.resources import draft_of

LONGEST_PAUSE = 15 * 60  # seconds; what is longer, nobody worked through
PATIENCE = 2.0  # seconds to wait for another kernel, which needs milliseconds

_last_seen = time.monotonic()  # the set-up cell imports this module
_complained = False


def file():
    """Return the path of the learner's file; it need not exist yet."""
    chosen = os.environ.get("TLCOURSE_RECORD")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("tlcourse", appauthor=False), "learner.json")


def read():
    """Return what the file holds: a dict of the parts that the module's text shows."""
    try:  # without the lock: a look makes no file, and drafts take their place whole
        return _load(file())
    except OSError as problem:
        _complain(problem)
        return _empty()


def checked(exercise, passed):
    """Keep that an exercise ("why.1") was checked, and whether it passed."""

    def change(parts):
        kept = _exercise(parts, exercise)
        if not kept["passed"]:
            kept["attempts"] += 1
            kept["passed"] = _now() if passed else None

    _keep(exercise, change)


def hinted(exercise, hints):
    """Keep how many hints of an exercise were taken before it passed."""

    def change(parts):
        kept = _exercise(parts, exercise)
        if not kept["passed"]:
            kept["hints"] = max(kept["hints"], hints)

    _keep(exercise, change)


def solution_shown(exercise):
    """Keep that the solution was asked for, if the exercise has not passed yet."""

    def change(parts):
        kept = _exercise(parts, exercise)
        kept["solution"] = kept["solution"] or not kept["passed"]

    _keep(exercise, change)


def quiz_opened(lesson):
    """Keep the time until a lesson's quiz was opened."""
    _keep(lesson, lambda parts: None)


def quiz_answered(lesson, question, right):
    """Keep that question 1, 2 or 3 of a lesson's quiz was answered."""

    def change(parts):
        questions = parts["quizzes"].setdefault(lesson, {})
        kept = questions.setdefault(str(question), {"answers": 0, "right": None})
        if not kept["right"]:
            kept["answers"] += 1
            kept["right"] = _now() if right else None

    _keep(lesson, change)


def _exercise(parts, name):
    new = {"attempts": 0, "hints": 0, "solution": False, "passed": None}
    return parts["exercises"].setdefault(name, new)


def _now():
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


# --- the file -------------------------------------------------------------------------


def _keep(what, change):
    """Change the file's parts, add the time since this kernel's last change to them.

    Parameters
    ----------
    what : str
        The lesson or one of its exercises: "why" or "why.1".
    change : callable
        ``change(parts)`` changes the dict in place.
    """
    from tlcourse import __version__

    global _last_seen
    now, before = time.monotonic(), _last_seen
    _last_seen = now
    lesson, path = what.partition(".")[0], file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            parts = _load(path)
            change(parts)
            seconds = parts["seconds"].get(lesson, 0) + min(now - before, LONGEST_PAUSE)
            parts["seconds"][lesson] = round(seconds, 3)
            parts["tlcourse"] = __version__
            with draft_of(path) as draft:
                draft.write_text(json.dumps(parts, indent=1) + "\n", "utf-8")
    except OSError as problem:
        _complain(problem)


@contextlib.contextmanager
def _alone(path):
    """Hold the file's lock: of two kernels, the second waits for the first."""
    ends = time.monotonic() + PATIENCE
    with open(path.with_name(f".{path.stem}.lock"), "ab") as lock:
        while not _lock(lock):
            if time.monotonic() > ends:
                raise TimeoutError(errno.ETIMEDOUT, "another program holds it")
            time.sleep(0.01)
        yield  # closing the lock file gives the lock back, and so does a crash


def _lock(lock):
    """Try to take the lock; False where another has it."""
    try:
        if os.name == "nt":
            import msvcrt

            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        # Any other reason: a file system that has no locks, and one kernel at a time.
        return problem.errno not in (errno.EAGAIN, errno.EACCES)
    return True


def _empty():
    return {"tlcourse": "", "exercises": {}, "quizzes": {}, "seconds": {}}


def _load(path):
    """Read the file; one that is damaged is set aside under another name."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a file")  # /dev/null is not set aside
    try:
        text = path.read_text("utf-8")
        parts = _empty() | (json.loads(text) if text.strip() else {})
        if not _is_sound(parts):
            raise ValueError("another program has written this")
        return parts
    except FileNotFoundError:
        return _empty()
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        number = 1
        while (aside := path.with_name(f"{path.stem}.damaged-{number}.json")).exists():
            number += 1
        path.rename(aside)
        print(
            f"Your record {path.name} could not be read: it is kept as {aside}, "
            "and a new one begins."
        )
        return _empty()


def _is_sound(parts):
    """Tell whether all values are of the right kind; missing ones raise an error."""
    exercises = parts["exercises"].values()
    questions = [one for quiz in parts["quizzes"].values() for one in quiz.values()]
    numbers = [kept[name] for kept in exercises for name in ("attempts", "hints")]
    numbers += [kept["answers"] for kept in questions]
    numbers += parts["seconds"].values()
    times = [kept["passed"] for kept in exercises]
    times += [kept["right"] for kept in questions]
    for moment in filter(None, times):
        datetime.datetime.fromisoformat(moment)
    return all(isinstance(number, int | float) for number in numbers) and all(
        isinstance(kept["solution"], bool) for kept in exercises
    )


def _complain(problem):
    """Say once per kernel that nothing is kept."""
    global _complained
    if not _complained:
        _complained = True
        reason = problem.strerror or problem
        print(
            f"What you do is not recorded: {file()} cannot be used ({reason}). "
            "Your work in the lesson is not affected."
        )
