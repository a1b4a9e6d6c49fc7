"""A real JupyterHub on this machine, and people who use it as a browser does."""

import contextlib
import itertools
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import psutil
import requests
import websocket

from tlcourse.cli import free_port
from tlcourse.lessons import notebook

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DEPLOY = ROOT / "deploy" / "jupyterhub"
PROXY = ROOT / "build" / "proxy" / "node_modules" / ".bin" / "configurable-http-proxy"
LESSONS = "workshop-lessons"  # the repository from which nbgitpuller brings them
SECONDS = 600  # for a start, or for one cell, where many share this machine


def what_is_missing():
    """Say why no hub can be started here, or give an empty text."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return (
            "each seat is a user of Unix, whom only root can create: sudo make test-hub"
        )
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        return "this container may not mount, so users would stay on this machine"
    if not PROXY.exists():
        return f"{PROXY} is missing: make {PROXY.relative_to(ROOT)}"
    return ""


class Hub:
    """A hub with so many seats, in a folder of its own; ``with`` ends all of it."""

    def __init__(self, folder, seats):
        self.folder, self.seats = Path(folder), seats
        self.secret = secrets.token_hex(32)
        ports = iter(range(20_000, 30_000))
        self.port, api_port, proxy_port, git_port = (free_port(ports) for _ in range(4))
        self.address = f"http://127.0.0.1:{self.port}"
        self.lessons = f"git://127.0.0.1:{git_port}/{LESSONS}"
        # In the room it is /srv/tlcourse.
        self.shared = self.folder / "room" / "srv" / "tlcourse"
        self._environment = {
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, DEPLOY))),
            "HUB_LESSONS": self.lessons,
            "HUB_SECRET": self.secret,
            "HUB_SEATS": str(seats),
            "HUB_PORT": str(self.port),
            "HUB_API_PORT": str(api_port),
            "HUB_PROXY_PORT": str(proxy_port),
            "HUB_PROXY": str(PROXY),
        }

    def __enter__(self):
        (self.shared / ".keras").mkdir(parents=True)
        (self.shared / ".keras" / "weights.h5").write_text("weights")
        self._commit_lessons()
        git_port = self.lessons.split(":")[2].partition("/")[0]
        served = self.folder / "served"
        self._git = self._start(
            "git", "daemon", "--listen=127.0.0.1", f"--port={git_port}", "--export-all",
            f"--base-path={served}", "--reuseaddr", str(served),
        )  # fmt: skip
        trees = (sys.base_prefix, sys.prefix, ROOT)
        config = f"--config={HERE / 'jupyterhub_config.py'}"
        self._hub = self._start(
            "bash", HERE / "room.sh", self.folder / "room", *trees, "--",
            sys.executable, "-m", "jupyterhub", config,
        )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *problem):
        self._hub.terminate()  # it ends all servers
        try:
            self._hub.wait(60)
        finally:
            self._git.terminate()
            for process in itertools.chain(*self.processes().values()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()

    def log(self):
        """Give what the hub and the servers said."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def uid(self, name):
        """Give the number of a seat's user, or None where there is none yet."""
        home = self.folder / "room" / "home" / name
        return home.stat().st_uid if home.is_dir() else None

    def processes(self):
        """Give each seat's processes, a dict of lists."""
        homes = (self.folder / "room" / "home").iterdir()
        found = {self.uid(home.name): (home.name, []) for home in homes}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                if (uid := process.uids().real) in found:
                    found[uid][1].append(process)
        return dict(found.values())

    def _commit_lessons(self):
        """Put the lessons into a repository, as they are in this checkout."""
        served = self.folder / "served" / LESSONS
        shutil.copytree(ROOT / "notebooks", served / "notebooks")
        name = ["-c", "user.name=tlcourse", "-c", "user.email=tlcourse@localhost"]
        for words in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "."],
            [*name, "commit", "--quiet", "--message=Lessons"],
        ):
            subprocess.run(["git", *words], cwd=served, check=True)

    def _start(self, *command):
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                list(map(str, command)),
                cwd=self.folder,
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _wait(self):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self._hub.poll() is None:
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{self.address}/hub/api", timeout=10).ok:
                    return
            time.sleep(0.2)
        raise RuntimeError(f"The hub did not start.\n{self.log()}")


class Person:
    """Somebody with a name and a browser."""

    def __init__(self, hub, name):
        self.hub, self.name = hub, name
        self.browser = requests.Session()

    def log_in(self, password):
        """Fill in the form; tell whether the hub let them in."""
        form = f"{self.hub.address}/hub/login"
        self.browser.get(form)
        # The form's hidden field has what this cookie has.
        answer = self.browser.post(
            form,
            {
                "username": self.name,
                "password": password,
                "_xsrf": self.browser.cookies["_xsrf"],
            },
            allow_redirects=False,
        )
        return answer.status_code == 302

    def take_token(self):
        """Ask the hub for a token of one's own, as on the page Token."""
        path = f"/hub/api/users/{self.name}/tokens"
        xsrf = {"X-XSRFToken": self.browser.cookies["_xsrf"]}
        answer = self.browser.post(self.hub.address + path, headers=xsrf, json={})
        answer.raise_for_status()
        self.browser.cookies.clear()  # a request has either a cookie or a token
        self.token = answer.json()["token"]
        self.browser.headers["Authorization"] = f"token {self.token}"

    def ask(self, method, path, **options):
        """Send a request with one's token; the answer, whatever it is."""
        address = self.hub.address + path
        return self.browser.request(method, address, timeout=SECONDS, **options)

    def start(self):
        """Start one's server; the seconds until it answers."""
        began = time.perf_counter()
        path = f"/hub/api/users/{self.name}/server"
        self.ask("POST", path).raise_for_status()
        with self.ask("GET", f"{path}/progress", stream=True) as events:
            for line in events.iter_lines():
                if line.startswith(b"data:") and json.loads(line[5:]).get("ready"):
                    return time.perf_counter() - began
        raise RuntimeError(f"{self.name}'s server did not start.\n{self.hub.log()}")

    def get_lessons(self):
        """Have nbgitpuller bring the lessons, as the page does that a seat opens."""
        options = {"repo": self.hub.lessons, "branch": "main"}
        answer = self.ask("GET", f"/user/{self.name}/git-pull/api", params=options)
        answer.raise_for_status()
        assert '"phase": "finished"' in answer.text, answer.text

    def file(self, path):
        """Give the address of one of one's own files."""
        return f"/user/{self.name}/api/contents/{path}"

    def run_lesson(self, lesson):
        """Open a lesson, run it from top to bottom, and save it; cells that ran."""
        path = self.file(f"{LESSONS}/notebooks/{notebook(lesson).name}")
        opened = self.ask("GET", path).json()
        ran = 0
        with self.kernel(f"{LESSONS}/notebooks") as run:
            for cell in opened["content"]["cells"]:
                if cell["cell_type"] == "code":
                    cell["outputs"] = run("".join(cell["source"]))
                    ran += 1
        body = {"type": "notebook", "format": "json", "content": opened["content"]}
        self.ask("PUT", path, json=body).raise_for_status()
        return ran

    @contextlib.contextmanager
    def kernel(self, folder=""):
        """Start a kernel; gives ``run(code)``, which gives the cell's outputs."""
        kernels = f"/user/{self.name}/api/kernels"
        started = self.ask("POST", kernels, json={"path": folder or None})
        started.raise_for_status()
        path = f"{kernels}/{started.json()['id']}"
        address = self.hub.address.replace("http", "ws", 1) + f"{path}/channels"
        header = [f"Authorization: token {self.token}"]
        channels = websocket.create_connection(address, header=header, timeout=SECONDS)
        try:
            yield lambda code: _run(channels, code)
        finally:
            channels.close()
            self.ask("DELETE", path)

    def lose_server(self):
        """Kill one's server and its kernels, as a machine without memory would."""
        lost = self.hub.processes()[self.name]
        assert lost
        for process in lost:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(lost, timeout=10)


def _run(channels, code):
    """Send a cell to a kernel and give its outputs; `RuntimeError` where it failed."""
    asked = uuid.uuid4().hex
    header = {"msg_id": asked, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": asked}
    content = {"code": code, "silent": False, "allow_stdin": False}
    content["stop_on_error"] = False  # or what is sent after an error is not run
    parts = {"metadata": {}, "parent_header": {}, "channel": "shell"}
    channels.send(json.dumps({"header": header, "content": content, **parts}))
    outputs, reply, idle = [], None, False
    while not (reply and idle):
        message = json.loads(channels.recv())
        if message["parent_header"].get("msg_id") != asked:
            continue
        kind, said = message["header"]["msg_type"], message["content"]
        if kind in ("stream", "display_data", "execute_result"):
            said.pop("transient", None)
            outputs.append({"output_type": kind, **said})
        reply = said if kind == "execute_reply" else reply
        idle = idle or (kind == "status" and said["execution_state"] == "idle")
    if reply["status"] != "ok":
        raise RuntimeError("\n".join(reply.get("traceback", [reply["status"]])))
    return outputs


class MemoryWatch(threading.Thread):
    """The most memory that each seat has held at once, in MB of 2**20 bytes.

    What several processes share counts for each in part, so the sum is what is taken.
    """

    def __init__(self, hub):
        super().__init__(daemon=True)
        self.hub, self.peaks, self.all_at_once = hub, {}, 0.0
        self._ended = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *problem):
        self._ended.set()
        self.join()

    def run(self):
        while not self._ended.wait(2):
            now = {name: _held(those) for name, those in self.hub.processes().items()}
            self.all_at_once = max(self.all_at_once, sum(now.values()))
            for name, held in now.items():
                self.peaks[name] = max(self.peaks.get(name, 0), held)


def _held(processes):
    held = 0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            held += process.memory_full_info().pss
    return held / 2**20
