"""The site, built once by its command, and a browser that reads it as a reader does."""

import contextlib
import functools
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.helpers import ROOT


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built site; `make site` fails at the first warning."""
    folder = tmp_path_factory.mktemp("site")
    # -o: the environment is there, this process runs in it.
    command = ["make", "--no-print-directory", "-o", ".venv/test", "site"]
    command += [f"PY={sys.executable}", f"SITE={folder}"]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    how = {"cwd": ROOT, "capture_output": True, "text": True}
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@contextlib.contextmanager
def serving(folder):
    """Serve a folder at an address of this machine, while in use."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *told):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Reader:
    """Chromium on the site; it keeps what pages asked for and what went wrong."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.elsewhere, self.problems = [], []
        page.on("request", self._asked)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("response", self._answered)

    def _asked(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def _answered(self, response):
        if response.status >= 400 and "favicon" not in response.url:
            self.problems.append(f"{response.status} {response.url}")

    def open(self, path):
        """Open a page of the site."""
        self.page.goto(self.address + path, wait_until="load")
        return self.page

    def screenshot(self, name):
        """For who wants to look: SCREENSHOTS=folder pytest tests/site."""
        if os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(os.environ["SCREENSHOTS"]) / f"{name}.png")


@pytest.fixture(scope="session")
def reader(site):
    """A reader with a real Chromium."""
    if not CHROMIUM:
        pytest.skip("no Chromium here: apt-get install chromium, or set CHROMIUM")
    sync_api = pytest.importorskip("playwright.sync_api")
    with serving(site) as address, sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Reader(browser.new_page(), address)
        browser.close()
