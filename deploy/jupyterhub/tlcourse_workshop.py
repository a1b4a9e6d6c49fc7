"""A workshop on JupyterHub: who may log in, what a seat opens, what all seats share.

The Littlest JupyterHub and Zero to JupyterHub both load this one file, and so does the
hub that the tests start.
"""

import argparse
import base64
import hashlib
import hmac
from pathlib import Path
from urllib.parse import urlencode

from jupyterhub.auth import Authenticator
from traitlets import Integer, Unicode

#: Where nbgitpuller brings the lessons from. Name your own copy if you changed them.
LESSONS = "https://github.com/tlcourse/tlcourse"
#: Weights and data that were fetched once: ``HOME=/srv/tlcourse tlcourse prefetch``.
SHARED = "/srv/tlcourse"
FIRST_LESSON = "notebooks/00_start_here.ipynb"
SHORTEST_SECRET = 32


class SeatAuthenticator(Authenticator):
    """Let in those who have a seat, each with a password of its own.

    All passwords follow from one secret, so none is stored. Nobody signs up, and a name
    that is no seat is refused.
    """

    seats = Integer(0, config=True, help="How many seats: seat-01, seat-02 and on.")
    secret = Unicode(config=True, help="Makes the passwords: `openssl rand -hex 32`.")

    def __init__(self, **options):
        super().__init__(**options)
        if len(self.secret) < SHORTEST_SECRET:
            raise ValueError(
                f"SeatAuthenticator.secret needs {SHORTEST_SECRET} characters or more, "
                f"and has {len(self.secret)}. Make one: openssl rand -hex 32"
            )
        self.allowed_users = self.allowed_users | set(seat_names(self.seats))

    async def authenticate(self, handler, data):
        """Give the name whose password this is, or None."""
        name = self.normalize_username(data["username"].strip())
        given = data["password"].strip().encode()
        right = password(self.secret, name).encode()
        return name if hmac.compare_digest(given, right) else None


def seat_names(seats):
    """Give the names of so many seats, a list of str."""
    return [f"seat-{number:02}" for number in range(1, seats + 1)]


def password(secret, name):
    """Give a name's password: 12 letters and digits (60 bits) that follow from both."""
    digest = hmac.digest(secret.encode(), name.encode(), hashlib.sha256)
    letters = base64.b32encode(digest).decode().lower()
    return "-".join((letters[:4], letters[4:8], letters[8:12]))


def link_shared(shared=SHARED):
    """Give the command that a new seat runs once in its home.

    It finds each file of the shared home in its own, as a link. Nobody but root can
    write to the file; beside it, a seat keeps what it fetches itself.
    """
    return f"cp --recursive --symbolic-link --no-clobber {shared}/. ~/ || true"


def configure(c, lessons=LESSONS):
    """Configure what both kinds of hub have in common.

    Parameters
    ----------
    c : traitlets.config.Config
        What ``jupyterhub_config.py`` calls ``c``.
    lessons : str
        Address of a git repository with the folder ``notebooks``.
    """
    folder = lessons.rstrip("/").rpartition("/")[2].removesuffix(".git")
    opened = f"lab/tree/{folder}/{FIRST_LESSON}"
    query = {"repo": lessons, "branch": "main", "urlpath": opened}
    c.Spawner.default_url = f"/git-pull?{urlencode(query)}"
    c.Spawner.args = [
        # Whoever opens the next lesson leaves the kernel of the last one, with 1 GB.
        "--MappingKernelManager.cull_idle_timeout=1800",
        "--MappingKernelManager.cull_connected=True",
        # On one machine every user can listen at a kernel's ports, but not at a socket
        # in a home.
        "--KernelManager.transport=ipc",
    ]
    # Forty servers that start in one minute are slower than the default allows.
    c.Spawner.start_timeout = 300
    c.Spawner.http_timeout = 300

    c.Spawner.pre_spawn_hook = _limit_threads


def _limit_threads(spawner):
    """Let a seat have two threads: one per core of the machine would only wait.

    Not in c.Spawner.environment: Zero to JupyterHub sets that of its own spawner.
    """
    threads = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "2"}
    spawner.environment = {**threads, **spawner.environment}


def print_slips():
    """Print a line with name and password for each seat: ``tlcourse-seats FILE``."""
    import yaml

    parser = argparse.ArgumentParser(description=print_slips.__doc__)
    parser.add_argument("file", type=Path, help="the YAML with SeatAuthenticator in it")
    parser.add_argument("names", nargs="*", help="besides the seats: those of helpers")
    asked = parser.parse_args()
    settings = _settings(yaml.safe_load(asked.file.read_text("utf-8")))
    if not settings or "secret" not in settings:
        parser.error(f"{asked.file} has no SeatAuthenticator with a secret.")
    for name in [*seat_names(settings.get("seats", 0)), *asked.names]:
        print(f"{name:12}  {password(settings['secret'], name)}")


def _settings(part):
    """Find what stands under SeatAuthenticator, however deep."""
    if not isinstance(part, dict):
        return None
    inside = (_settings(value) for value in part.values())
    return part.get("SeatAuthenticator") or next(filter(None, inside), None)
