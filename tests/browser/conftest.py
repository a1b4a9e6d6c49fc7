"""A real JupyterLab in a real browser, with settings, workspaces and files of its own.

`lab` starts it once; `lesson` opens a notebook, `lesson_of` some cells, which it runs.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections import namedtuple
from pathlib import Path

import nbformat
import pytest

from tests.helpers import CACHED_WEIGHTS, ROOT
from tlcourse.cli import lab_command

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {
        "autoStartDefaultKernel": True,
        "windowingMode": "none",  # otherwise cells outside the window aren't there
    },
}
IDLE = re.compile(r"Python 3 \(ipykernel\) \| Idle")
RUN_SECONDS = 600
HAS_CLASSIC = "import importlib.util as u; exit(u.find_spec('nbclassic') is None)"


def pytest_collection_modifyitems(items):
    """Skip the browser tests, and say why, where there is no browser."""
    reason = "no Chromium here: apt-get install chromium, or set CHROMIUM to its path"
    for item in items:
        if not CHROMIUM and Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.skip(reason=reason))


def _free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def _private_environment(folder):
    """Environment variables that keep the server out of the user's own folders."""
    settings = folder / "settings"
    for name, values in SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    own = {
        "JUPYTERLAB_SETTINGS_DIR": settings,
        "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "IPYTHONDIR": folder / "ipython",
        "TLCOURSE_RECORD": folder / "learner.json",
    }
    own |= lab_command(folder, "lab", 0)[1]  # settings of `tlcourse lab`
    path = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    own["PYTHONPATH"] = os.pathsep.join(path)
    if CACHED_WEIGHTS.is_dir():
        own["KERAS_HOME"] = CACHED_WEIGHTS
    return os.environ | {name: str(value) for name, value in own.items()}


def _wait_for(url, process, log, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            return urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start. It wrote:\n{log.read_text()[-3000:]}")


# A running JupyterLab: its address, and the folder that it serves.
Lab = namedtuple("Lab", ["url", "files"])


@contextlib.contextmanager
def _serving(folder, python, module):
    """Serve a folder of its own by JupyterLab or another front end, while in use."""
    files, log, port = folder / "files", folder / "log.txt", _free_port()
    files.mkdir()
    command = [
        python, "-m", module, "--no-browser", "--allow-root",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True",
        f"--ServerApp.root_dir={files}",
    ]  # fmt: skip
    env = _private_environment(folder)
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out, cwd=files)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/api", process, log)
        yield Lab(url, files)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab on a folder of its own, for the whole session."""
    with _serving(tmp_path_factory.mktemp("lab"), sys.executable, "jupyterlab") as lab:
        yield lab


@pytest.fixture(scope="session")
def classic(tmp_path_factory):
    """The classic front end on Colab's versions, with ipywidgets 7.7.1."""
    python = os.environ.get("COLAB_PYTHON", ROOT / ".venv-colab" / "bin" / "python")
    if not Path(python).is_file():
        pytest.skip("no Python 3.13 here, so no environment with Colab's versions")
    if subprocess.call([python, "-c", HAS_CLASSIC]):
        pytest.fail(f"{python} lacks nbclassic: make environments")
    with _serving(tmp_path_factory.mktemp("classic"), python, "nbclassic") as server:
        yield server


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium with a new user data folder."""
    sync_api = pytest.importorskip("playwright.sync_api")
    options = {"executable_path": CHROMIUM, "headless": True, "args": FLAGS}
    options["viewport"] = {"width": 1200, "height": 1000}
    folder = str(tmp_path_factory.mktemp("chromium"))
    with sync_api.sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(folder, **options)
        yield context
        context.close()


class LessonPage:
    """A notebook open in JupyterLab, and what a reader does with it."""

    def __init__(self, page, lab, name):
        self.page, self.lab, self.name = page, lab, name
        page.goto(f"{lab.url}/lab/tree/{name}?reset")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=90_000)
        self.wait_until_idle()

    def wait_until_idle(self, seconds=RUN_SECONDS):
        """Wait until the kernel is idle and no cell is waiting to run."""
        status = self.page.locator("#jp-main-statusbar").get_by_text(IDLE)
        status.first.wait_for(timeout=seconds * 1000)
        self.page.wait_for_function(
            "() => ![...document.querySelectorAll('.jp-InputPrompt')]"
            ".some(prompt => prompt.textContent.includes('*'))",
            timeout=seconds * 1000,
        )
        status.first.wait_for(timeout=seconds * 1000)

    def run_all(self, seconds=RUN_SECONDS):
        """Run every cell by the menu, and wait until the last is done."""
        prompts = self.page.locator(".jp-CodeCell .jp-InputPrompt")
        before = prompts.all_inner_texts()
        for bar, label in (("MenuBar", "^Run$"), ("Menu", "^Run All Cells$")):
            item = f".lm-{bar}-itemLabel"
            self.page.locator(item, has_text=re.compile(label)).click()
        end = time.monotonic() + 30
        while prompts.all_inner_texts() == before and time.monotonic() < end:
            self.page.wait_for_timeout(100)
        self.wait_until_idle(seconds)

    def run_cells(self, places, seconds=RUN_SECONDS, first=1):
        """Run some code cells, given their places, as the kernel's first or later."""
        for count, place in enumerate(places, first):
            cell = self.page.locator(".jp-CodeCell").nth(place)
            cell.locator(".jp-InputPrompt").click()
            self.page.keyboard.press("Control+Enter")
            ran = cell.locator(".jp-InputPrompt", has_text=f"[{count}]:")
            ran.wait_for(timeout=seconds * 1000)
        self.wait_until_idle(seconds)

    def outputs(self, kind=""):
        """The text of all outputs, as a reader sees it."""
        found = self.page.locator(f".jp-OutputArea-output{kind}")
        return "\n".join(found.all_inner_texts())

    def errors(self):
        """What cells wrote as they failed or warned, tracebacks too; "" if none did."""
        return self.outputs('[data-mime-type="application/vnd.jupyter.stderr"]')

    def button(self, label, place=0):
        """The live button with this label; `place` counts those with the same."""
        buttons = self.page.locator("button.widget-button")
        return buttons.get_by_text(label, exact=True).nth(place)

    def click(self, label, place=0):
        """Click a live button."""
        self.button(label, place).click()

    def wait_for_text(self, text, seconds=15):
        """Wait until an output holds this text."""
        found = self.page.locator(".jp-OutputArea-output", has_text=text).first
        found.wait_for(timeout=seconds * 1000)

    def pictures(self):
        """The figures in the outputs, as (src, alt)."""
        return self.page.eval_on_selector_all(
            ".jp-OutputArea-output img", "found => found.map(i => [i.src, i.alt])"
        )

    def wait_for_other_pictures(self, before, seconds=60):
        """Wait until the figures differ from `before`; return the new ones."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now = self.pictures()
            if now != before and len(now) >= len(before):
                return now
            self.page.wait_for_timeout(100)
        raise AssertionError(f"No figure changed within {seconds} s.")

    def screenshot(self, name):
        """For who wants to look: SCREENSHOTS=folder pytest tests/browser -k cluster."""
        if os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=f"{os.environ['SCREENSHOTS']}/{name}.png")


@pytest.fixture
def lesson(lab, browser):
    """A function that opens a copy of a notebook, given its path, in JupyterLab."""
    opened = []

    def open_copy(notebook):
        notebook = Path(notebook)
        shutil.copy(notebook, lab.files / notebook.name)
        page = browser.new_page()
        opened.append(page)
        return LessonPage(page, lab, notebook.name)

    yield open_copy
    for page in opened:
        page.close()
    # Kernels end too: each holds some hundred MB once TensorFlow runs.
    sessions = f"{lab.url}/api/sessions"
    with urllib.request.urlopen(sessions) as answer:
        running = json.load(answer)
    for each in running:
        end = urllib.request.Request(f"{sessions}/{each['id']}", method="DELETE")
        urllib.request.urlopen(end).close()


@pytest.fixture
def lesson_of(lesson, tmp_path):
    """A function that opens a notebook of these code cells, and runs them."""

    def open_cells(*sources, outputs=(), run=True):
        cells = [
            nbformat.v4.new_code_cell(textwrap.dedent(text).strip(), id=f"cell-{place}")
            for place, text in enumerate(sources)
        ]
        cells[-1].outputs = list(outputs)  # as stored
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
        book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(book, tmp_path / "cells.ipynb")
        page = lesson(tmp_path / "cells.ipynb")
        if run:
            page.run_all()
        return page

    return open_cells
