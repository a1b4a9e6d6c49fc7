"""A real JupyterHub as a workshop has it: two people log in at once and take a lesson.

Each seat is a user of Unix with a server of its own, as on The Littlest JupyterHub.
Eight people: tests/benchmarks/hub.py.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from tlcourse_workshop import password, seat_names

from tests.hub.real_hub import LESSONS, Hub, Person, what_is_missing
from tlcourse.lessons import notebook

LESSON = "start"
NAMES = seat_names(2)

pytestmark = pytest.mark.skipif(bool(what_is_missing()), reason=what_is_missing())


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with Hub(tmp_path_factory.mktemp("hub"), seats=2) as hub:
        yield hub


def sit_down(hub, name):
    """Log in, start one's server, get the lessons, and run one."""
    person = Person(hub, name)
    assert person.log_in(password(hub.secret, name))
    person.take_token()
    person.start()
    person.get_lessons()
    person.cells = person.run_lesson(LESSON)
    return person


@pytest.fixture(scope="module")
def two(hub):
    """Both at once."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(sit_down, [hub, hub], NAMES))


def saved(person):
    """Give the cells of code in one's own copy of the lesson, as the server has it."""
    path = person.file(f"{LESSONS}/notebooks/{notebook(LESSON).name}")
    cells = person.ask("GET", path).json()["content"]["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_who_has_no_seat_or_not_its_password_is_refused(hub):
    right = password(hub.secret, "seat-01")
    for name, given in (
        ("seat-01", ""),
        ("seat-01", "wrong"),
        ("seat-02", right),  # of the neighbour
        ("seat-03", password(hub.secret, "seat-03")),  # there are two seats
        ("root", password(hub.secret, "root")),
        ("newcomer", "newcomer"),
    ):
        assert not Person(hub, name).log_in(given), name
    assert hub.uid("newcomer") is hub.uid("seat-03") is None


def test_two_at_once_run_a_lesson_from_top_to_bottom(two):
    for person in two:
        cells = saved(person)
        assert person.cells == len(cells) > 20
        assert sum(bool(cell["outputs"]) for cell in cells) > 10


def test_nobody_reads_the_files_of_another(hub, two):
    one, other = two
    for path in (one.file(""), one.file(LESSONS), f"/user/{one.name}/api/kernels"):
        assert one.ask("GET", path).status_code == 200
        assert other.ask("GET", path).status_code == 403
    assert other.ask("GET", f"/hub/api/users/{one.name}").status_code == 404
    server = min(process.pid for process in hub.processes()[one.name])
    with other.kernel() as run:
        run("import os; assert os.listdir(os.path.expanduser('~'))")
        for closed in (
            f"os.listdir('/home/{one.name}')",
            f"open('/home/{one.name}/{LESSONS}/notebooks/glossary.md')",
            f"open('/proc/{server}/environ')",  # the token of its server
        ):
            with pytest.raises(RuntimeError, match="PermissionError"):
                run(closed)


def test_a_kernel_speaks_at_sockets_in_the_home_and_not_at_ports(two):
    """Who connects to the port of a kernel reads all that it prints."""
    with two[0].kernel() as run:
        run("import json, os, ipykernel.connect")
        run("at = json.loads(ipykernel.connect.get_connection_info())")
        run("assert at['transport'] == 'ipc', at")
        run("assert at['ip'].startswith(os.path.expanduser('~/')), at")


def test_what_all_share_is_read_and_not_written(hub, two):
    with two[0].kernel() as run:
        run("from pathlib import Path; keras = Path.home() / '.keras'")
        run("assert (keras / 'weights.h5').read_text() == 'weights'")
        for change in (
            "open(keras / 'weights.h5', 'a')",
            "(keras / 'weights.h5').resolve().with_name('mine.h5').touch()",
        ):
            with pytest.raises(RuntimeError, match="PermissionError"):
                run(change)
        run("(keras / 'mine.h5').touch()")  # what a seat fetches itself
        # Nor does a seat know what the passwords are made of.
        run(f"import os; assert {hub.secret!r} not in os.environ.values()")


def test_a_killed_seat_comes_back_with_its_work(two):
    person, neighbour = two
    before = saved(person)
    person.lose_server()
    assert neighbour.ask("GET", neighbour.file("")).status_code == 200
    person.start()
    assert saved(person) == before
    person.get_lessons()  # the page that a seat opens brings them again
    assert saved(person) == before
