"""What a learner did is kept in one file, drawn, and printed on a certificate."""

import datetime
import json
import re
import time

import pytest

from tests.helpers import refused, started
from tlcourse import certificate, cli, lessons, overview, record
from tlcourse.exercises import check, hint, quiz, solution
from tlcourse.exercises import lessons as with_exercises
from tlcourse.exercises.quizzing import answer_buttons


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The file of a learner who begins now."""
    path = tmp_path / "of mine" / "learner.json"
    monkeypatch.setenv("TLCOURSE_RECORD", str(path))
    monkeypatch.setattr(record, "_complained", False)
    monkeypatch.setattr(record, "_last_seen", record.time.monotonic())
    return path


@pytest.fixture
def passing(monkeypatch):
    """Make every answer that is True right, in any exercise."""
    from tlcourse.exercises import checking

    def judge(exercise, answer):
        return None if answer is True else ("It is right", "It is not.")

    monkeypatch.setattr(checking, "first_failure", judge)


def on_disk(file):
    return json.loads(file.read_text("utf-8"))


def test_the_users_own_file_is_for_users_alone(monkeypatch):
    assert "pytest" in str(record.file())
    monkeypatch.delenv("TLCOURSE_RECORD")
    assert record.file().name == "learner.json" and "tlcourse" in str(record.file())


def test_what_is_kept_of_an_exercise_stands_still_once_it_has_passed(file, passing):
    assert record.read()["exercises"] == {} and not file.parent.exists()
    check("why.1", False)
    hint("why.1")
    check("why.1", True)
    first = on_disk(file)["exercises"]["why.1"]
    now = datetime.datetime.now(datetime.UTC)
    since = now - datetime.datetime.fromisoformat(first.pop("passed"))
    assert first == {"attempts": 2, "hints": 1, "solution": False}
    assert datetime.timedelta(seconds=-1) < since < datetime.timedelta(minutes=1)
    hint("why.1")
    solution("why.1")
    check("why.1", False)
    again = on_disk(file)["exercises"]["why.1"]
    assert again.pop("passed") and again == first
    solution("why.2")
    assert on_disk(file)["exercises"]["why.2"]["solution"] is True
    assert on_disk(file)["tlcourse"] == record.read()["tlcourse"] != ""


def test_what_is_kept_of_a_quiz_by_letters_and_by_clicks(file):
    questions = with_exercises.quiz("why")
    right = ["abcd"[[c.right for c in q.choices].index(True)] for q in questions]
    wrong = "b" if right[0] == "a" else "a"
    quiz("why", wrong + right[1] + right[2])
    kept = on_disk(file)["quizzes"]["why"]
    assert [bool(kept[place]["right"]) for place in "123"] == [False, True, True]
    whole, _ = answer_buttons("why", 1, questions[0])
    for letter in (right[0], wrong):  # a later slip takes nothing away
        whole.children[0].children["abcd".index(letter)].click()
    kept = on_disk(file)["quizzes"]["why"]
    assert kept["1"]["right"] and kept["1"]["answers"] == 2


def test_time_goes_to_the_lesson_and_long_pauses_are_cut(file, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(record.time, "monotonic", lambda: now)
    monkeypatch.setattr(record, "_last_seen", now)  # the set-up cell
    for minutes, act in (
        (10, lambda: record.checked("why.1", False)),
        (3 * 60, lambda: record.hinted("why.1", 1)),
        (2, lambda: record.quiz_opened("features")),
    ):
        now += 60 * minutes
        act()
    assert on_disk(file)["seconds"] == {"why": 25 * 60, "features": 2 * 60}


TWO = """
import sys
from tlcourse import record
sys.stdin.readline()
for place in range(40):
    record.checked(f"{sys.argv[1]}.{place}", True)
    record.checked("why.1", False)
"""


def test_two_kernels_at_once_lose_nothing(file):
    both = [started(TWO, name) for name in ("features", "freezing")]
    for each in both:
        each.stdin.write("\n")
        each.stdin.flush()
    for each in both:
        out, err = each.communicate(timeout=60)
        assert each.returncode == 0 and (out, err) == ("", "")
    kept = on_disk(file)["exercises"]
    assert kept["why.1"]["attempts"] == 80 and len(kept) == 81
    assert not list(file.parent.glob("*.draft*"))


WHOLE = '{"exercises": %s, "quizzes": %s, "seconds": %s}'
DAMAGED = [
    '{"exercises": {"why.1"', "[1]", "\udcff", '{"seconds": null}', "[" * 100_000,
    WHOLE % ('{"why.1": 3}', "{}", "{}"),
    WHOLE % ("{}", "{}", '{"why": "long"}'),
    WHOLE % ("{}", '{"why": {"1": {"answers": 1, "right": "yesterday"}}}', "{}"),
]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_set_aside_and_a_new_one_begins(file, capsys, text):
    file.parent.mkdir()
    for place in (1, 2):
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        record.checked("why.1", False)
        aside = file.with_name(f"learner.damaged-{place}.json")
        assert aside.read_bytes() == text.encode("utf-8", "surrogateescape")
        (sentence,) = capsys.readouterr().out.splitlines()
        assert str(aside) in sentence and "could not be read" in sentence
        assert on_disk(file)["exercises"]["why.1"]["attempts"] == 1


def test_what_a_newer_course_keeps_stays(file):
    file.parent.mkdir()
    file.write_text('{"medals": 3, "exercises": {}}')
    record.checked("why.1", True)
    assert on_disk(file)["medals"] == 3
    file.write_text("")  # as mktemp makes it
    record.checked("why.1", True)
    assert on_disk(file)["exercises"]["why.1"]["passed"]


def test_a_check_goes_on_where_nothing_can_be_kept(file, capsys, passing, monkeypatch):
    file.parent.write_text("a file where the folder should be")
    for _ in range(3):
        check("why.1", True)
    said = capsys.readouterr().out
    assert said.count("Exercise why.1 passes") == 3
    assert said.count("What you do is not recorded") == 1 and str(file) in said
    assert record.read()["exercises"] == {}
    monkeypatch.setattr(record, "_complained", False)
    monkeypatch.setenv("TLCOURSE_RECORD", str(file.parent.parent))  # a folder
    check("why.1", True)
    assert capsys.readouterr().out.count("What you do is not recorded") == 1
    assert file.parent.parent.is_dir()


def test_another_program_that_holds_the_file_is_not_waited_for_long(
    file, capsys, monkeypatch
):
    monkeypatch.setattr(record, "PATIENCE", 0.05)
    file.parent.mkdir()
    with record._alone(file):
        record.checked("why.1", True)
    assert "another program holds it" in capsys.readouterr().out
    record.checked("why.1", True)
    assert on_disk(file)["exercises"]["why.1"]["passed"]


def test_the_overview_says_in_text_and_in_html_what_was_done(file, passing, capsys):
    nothing = overview.my_progress()
    for text in (nothing.text, nothing.markup):
        assert "No exercise has passed yet" in text and "1 of 3" not in text
    check("why.2", True)
    record.quiz_answered("why", 3, right=True)
    time.sleep(0.01)  # a begun minute
    record.quiz_answered("why", 1, right=False)
    capsys.readouterr()
    assert cli.main(["record"]) == 0
    said = capsys.readouterr().out
    assert re.search(
        r"1 of \d\d exercises passed, 1 of \d\d quiz questions right", said
    )
    (row,) = [line for line in said.splitlines() if line.startswith("01 ")]
    assert row.split("  ")[0] == "01 Why transfer?"
    assert "·✓· 1 of 3" in row and "··✓ 1 of 3" in row and row.endswith("1 min")
    assert said.endswith(f"The file: {file}\n")
    assert "without your name" in said and "sent nowhere" in said
    markup = overview.my_progress().markup
    assert markup.count("1 of 3") == 2 and markup.count('scope="row"') == 17
    assert markup.count('aria-hidden="true"') == 2 * 17 + 1  # words stand beside all
    assert "<caption" in markup


def test_every_lesson_has_its_row_by_its_name_not_its_number(file, monkeypatch):
    record.checked("choosing.1", True)
    done = overview.rows()
    assert [row.number for row in done] == list(lessons.NUMBERS.values())
    (row,) = [row for row in done if any(row.exercises)]
    assert row.title == "Choosing a source" and row.exercises == (True, False, False)
    assert overview.duration(0.1) == "1 min" and overview.duration(7260) == "2 h 1 min"


def test_a_certificate_tells_the_truth_and_overwrites_nothing(
    file, passing, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["certificate", "--name", "Ada"]) == 1
    assert "nothing to certify" in capsys.readouterr().err
    solution("why.1")
    for name in ("why.1", "why.3"):
        check(name, True)
    record.quiz_answered("start", 1, right=True)
    name = "Zoë <b>Q</b> & 'Co'"
    assert cli.main(["certificate", "--name", name]) == 0
    page = tmp_path / "tlcourse-certificate.html"
    assert str(page) in capsys.readouterr().out
    text = page.read_text("utf-8")
    assert text.count("Zoë &lt;b&gt;Q&lt;/b&gt; &amp; &#x27;Co&#x27;") == 2
    assert "<b>" not in text
    assert "passed 2 of the " in text and "answered 1 of its " in text
    assert "Passed after the solution was shown: 1." in text
    assert "Nobody watched or graded" in text
    assert "2 of 3 exercises · quiz 0 of 3" in text and "02 Feature" not in text
    for word in ("http", "src=", "href=", "url("):  # it loads nothing
        assert word not in text
    assert name not in file.read_text("utf-8")
    for _ in range(2):
        assert cli.main(["certificate", "--name", "Another"]) == 1
    assert "is there already. Name another: --out FILE" in capsys.readouterr().err
    assert page.read_text("utf-8") == text
    assert cli.main(["certificate", "--name", "A", "--out", str(page / "x.html")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    for name in (" ", "x" * 61):
        refused("give one of 1 to 60", certificate.write, name, "other.html")
    assert [path.name for path in tmp_path.glob("*.html")] == [page.name]
