"""The plugin for The Littlest JupyterHub, whose installer calls these hooks."""

import secrets
import subprocess

import pluggy
from tlcourse_workshop import LESSONS, SHARED, configure, link_shared

hook = pluggy.HookimplMarker("tljh")


@hook
def tljh_extra_user_pip_packages():
    """Name what every seat's Python needs."""
    return [f"tlcourse[text,games] @ git+{LESSONS}", "nbgitpuller>=1.2"]


@hook
def tljh_config_post_install(config):
    """Write the settings that ``tljh-config`` changes; what is set already stays."""
    auth = config.setdefault("auth", {})
    if "type" not in auth:
        auth["type"] = "tlcourse_workshop.SeatAuthenticator"
        settings = auth.setdefault("SeatAuthenticator", {})
        settings.setdefault("secret", secrets.token_hex(32))
    limits = config.setdefault("limits", {})
    limits.setdefault("memory", "3G")
    limits.setdefault("cpu", 2)
    cull = config.setdefault("services", {}).setdefault("cull", {})
    cull.setdefault("timeout", 3600)


@hook
def tljh_custom_jupyterhub_config(c):
    """Add what both kinds of hub have in common."""
    configure(c)


@hook
def tljh_post_install():
    """Fetch weights and data once, for all seats; without a network, go on."""
    fetch = ["/opt/tljh/user/bin/tlcourse", "prefetch"]
    subprocess.run(["env", f"HOME={SHARED}", *fetch], check=False)


@hook
def tljh_new_user_create(username):
    """Let a new seat find what is shared."""
    subprocess.run(["runuser", "--login", username, "--command", link_shared()])
