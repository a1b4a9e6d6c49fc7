"""What is installed on a workshop's machines: the plugin, the values, the slips."""

import subprocess
import sys
import tomllib

import pluggy
import pytest
import tlcourse_littlest
import tlcourse_workshop
import yaml
from traitlets.config import Config

from tests.helpers import ROOT

DEPLOY = ROOT / "deploy" / "jupyterhub"
SECRET = "s" * 32


@pytest.fixture
def values():
    return yaml.safe_load((DEPLOY / "values.yaml").read_text("utf-8"))


def test_the_littlest_jupyterhub_finds_every_hook():
    # The names and arguments of tljh/hooks.py, version 2.
    class Hooks:
        def tljh_extra_user_pip_packages(self): ...
        def tljh_config_post_install(self, config): ...
        def tljh_custom_jupyterhub_config(self, c): ...
        def tljh_post_install(self): ...
        def tljh_new_user_create(self, username): ...

    specify = pluggy.HookspecMarker("tljh")
    for name, hook in vars(Hooks).items():
        if name.startswith("tljh_"):
            specify(hook)
    manager = pluggy.PluginManager("tljh")
    manager.add_hookspecs(Hooks)
    entry = tomllib.loads((DEPLOY / "pyproject.toml").read_text("utf-8"))
    assert entry["project"]["entry-points"]["tljh"] == {"tlcourse": "tlcourse_littlest"}
    manager.register(tlcourse_littlest)
    manager.check_pending()
    [packages] = manager.hook.tljh_extra_user_pip_packages()
    assert [package.split("[")[0].split(">")[0] for package in packages] == [
        "tlcourse",
        "nbgitpuller",
    ]
    c = Config()
    manager.hook.tljh_custom_jupyterhub_config(c=c)
    assert c.Spawner.default_url.startswith("/git-pull?repo=https")


def test_the_littlest_jupyterhub_lets_nobody_in_and_keeps_what_was_set():
    config = {}
    tlcourse_littlest.tljh_config_post_install(config)
    auth = config["auth"]
    assert auth["type"] == "tlcourse_workshop.SeatAuthenticator"
    options = Config(SeatAuthenticator=auth["SeatAuthenticator"])
    assert not tlcourse_workshop.SeatAuthenticator(config=options).allowed_users
    set_by_hand = {"limits": {"memory": "8G"}, "auth": {"type": "oauthenticator.X"}}
    tlcourse_littlest.tljh_config_post_install(set_by_hand)
    assert set_by_hand["limits"] == {"memory": "8G", "cpu": 2}
    assert set_by_hand["auth"] == {"type": "oauthenticator.X"}


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_hub_without_a_secret_does_not_start(secret):
    options = Config(SeatAuthenticator={"secret": secret, "seats": 3})
    with pytest.raises(ValueError, match="Make one: openssl rand -hex 32"):
        tlcourse_workshop.SeatAuthenticator(config=options)


def test_zero_to_jupyterhub_loads_the_same_file(values):
    hub = values["hub"]
    module, _, name = hub["config"]["JupyterHub"]["authenticator_class"].partition(".")
    mounted = hub["extraFiles"]["workshop"]["mountPath"]
    assert mounted == f"/usr/local/etc/jupyterhub/{module}.py"
    assert (DEPLOY / f"{module}.py").is_file() and hasattr(tlcourse_workshop, name)
    c = Config()
    exec(hub["extraConfig"]["workshop"], {"c": c})
    assert c.Spawner.pre_spawn_hook
    hooks = values["singleuser"]["lifecycleHooks"]
    command = hooks["postStart"]["exec"]["command"]
    assert command == ["sh", "-c", tlcourse_workshop.link_shared()]


def test_both_kinds_of_hub_have_the_same_limits(values):
    littlest = {}
    tlcourse_littlest.tljh_config_post_install(littlest)
    seat = values["singleuser"]
    assert littlest["limits"]["memory"] == seat["memory"]["limit"]
    assert littlest["limits"]["cpu"] == seat["cpu"]["limit"]
    assert littlest["services"]["cull"]["timeout"] == values["cull"]["timeout"]


def slips(*words):
    code = "import tlcourse_workshop; tlcourse_workshop.print_slips()"
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True)


@pytest.mark.parametrize("above", [("auth",), ("hub", "config")])
def test_a_slip_for_each_seat_and_helper(tmp_path, above):
    settings = {"SeatAuthenticator": {"secret": SECRET, "seats": 40}}
    for name in reversed(above):
        settings = {name: settings}
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"limits": {}, **settings}))
    lines = [line.split() for line in slips(file, "ada").stdout.splitlines()]
    assert [name for name, _ in lines[:2]] == ["seat-01", "seat-02"]
    assert [name for name, _ in lines[-2:]] == ["seat-40", "ada"]
    assert len({given for _, given in lines}) == 41
    assert lines[-1][1] == tlcourse_workshop.password(SECRET, "ada")


def test_slips_without_a_secret_say_so(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("limits: {memory: 3G}\n")
    assert "has no SeatAuthenticator with a secret" in slips(file).stderr
