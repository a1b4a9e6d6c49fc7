"""The hub that the tests start: the workshop's own configuration, on this machine.

Each seat is a user of Unix, made as The Littlest JupyterHub makes it: a home that no
other user may enter. What it adds in systemd (limits) is not here.
"""

import os
import pwd
import subprocess
import sys

from jupyterhub.spawner import LocalProcessSpawner
from tlcourse_littlest import tljh_new_user_create
from tlcourse_workshop import configure

# JupyterHub puts c and get_config there before it runs this file.
c = get_config()  # noqa: F821


class UserCreatingSpawner(LocalProcessSpawner):
    """Create the seat's user when it starts for the first time."""

    async def start(self):
        try:
            pwd.getpwnam(self.user.name)
        except KeyError:
            subprocess.run(["useradd", "--create-home", self.user.name], check=True)
            home = pwd.getpwnam(self.user.name).pw_dir
            subprocess.run(["chmod", "o-rwx", home], check=True)
            tljh_new_user_create(self.user.name)
        return await super().start()


configure(c, os.environ["HUB_LESSONS"])
c.JupyterHub.authenticator_class = "tlcourse_workshop.SeatAuthenticator"
c.SeatAuthenticator.secret = os.environ["HUB_SECRET"]
c.SeatAuthenticator.seats = int(os.environ["HUB_SEATS"])

c.JupyterHub.spawner_class = UserCreatingSpawner
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.environment = {"PYTHONPATH": os.environ["PYTHONPATH"]}
c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['HUB_PORT']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['HUB_API_PORT']}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['HUB_PROXY_PORT']}"
c.ConfigurableHTTPProxy.command = [os.environ["HUB_PROXY"]]
