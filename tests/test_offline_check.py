"""``tlcourse doctor --offline`` finds what a lesson lacks, with the network cut off."""

import http.server
import threading

import pytest
from jupyter_client.manager import start_new_kernel

from tests.helpers import Kernel, python
from tlcourse import network_cut, offline_check

SAID = "the network is cut off by `tlcourse doctor --offline`"
# By name, by number, and what pip says; 192.0.2.1 is nobody's.
ASK = """
import urllib.request, socket, subprocess, sys
from tlcourse import network_cut
network_cut.cut()
for address in ("http://example.org", "http://192.0.2.1", "http://[2001:db8::1]"):
    try:
        print(socket.create_connection((address[7:].strip("[]"), 80), timeout=3))
    except OSError as problem:
        print(problem)
with urllib.request.urlopen("http://127.0.0.1:PORT/") as answer:
    print(answer.status)
"""


@pytest.fixture
def port():
    """The port of a server on this computer."""
    handler = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {})
    handler.log_message = lambda *words: None
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield server.server_port
        server.shutdown()


def test_nothing_but_this_computer_can_be_reached(port):
    done = python(ASK.replace("PORT", str(port)))
    assert done.stderr == ""
    *refused, answer = done.stdout.splitlines()
    assert len(refused) == 3 and all(SAID in line for line in refused)
    assert answer == "200"


def test_a_kernel_has_no_network_from_its_first_cell(monkeypatch):
    monkeypatch.setenv("PYTHONSTARTUP", network_cut.__file__)
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        kernel = Kernel(client)
        code = "import urllib.request; urllib.request.urlopen('http://192.0.2.1/')"
        kernel.run("import os; os.environ['no_proxy'] = '*'")  # it tries by itself
        [(kind, problem)] = kernel.run(code)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert kind == "error" and SAID in problem["evalue"]


def test_a_lesson_that_lacks_its_model_is_told_with_the_way_to_mend(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("TLCOURSE_CACHE", str(tmp_path))
    report = offline_check.report(lessons=("bert", "games"))
    network, bert, games = report
    assert network.ok and "cut off" in network.state
    assert games.ok and games.name == "16 from one game to another"
    assert bert.state == "BERT (all-MiniLM-L6-v2) is not on this computer"
    assert bert.mend == "where there is a network: tlcourse prefetch"
    assert report.verdict.startswith("One thing needs")
