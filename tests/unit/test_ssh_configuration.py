"""The ssh configuration, as ssh itself reads it; and how many log in at once."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from dockerframe._transport.ssh.config import SshConfiguration
from dockerframe._transport.ssh.turns import turn_at
from paramiko import SSHException

CONFIG = """\
# Work
Include conf.d/*.conf "~/more hosts"
ConnectTimeout 7
Host edge
  Include below-edge
  Port 2201
Host *.lab
  User=lab
  ProxyJump gate,ops@far:2222
Host plain
  ProxyCommand none
Host *
  User everyone
  ProxyCommand  none
"""
FILES = {
    ".ssh/conf.d/a.conf": "Host inner\n  HostName 10.0.0.7\n  Port 2207\n  Include nested",
    ".ssh/conf.d/b.conf": "Host gate\n  User gatekeeper\n",
    ".ssh/conf.d/not-this": "Host gate\n  User nobody\n",
    ".ssh/nested": "User nested\n",
    ".ssh/below-edge": "HostName edge.example.com\n",
    "more hosts": "Host spaced\n  HostName spaced.example.com\n",
}
NAMES = ("edge", "inner", "gate", "spaced", "box.lab", "plain", "elsewhere")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    # The tests may run as a number that no user has.
    monkeypatch.setenv("USER", "ops")
    for name, content in {**FILES, ".ssh/config": CONFIG}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def test_included_files_and_what_follows_them(home: Path) -> None:
    found = SshConfiguration()
    logins = {name: found.login(name)[:3] for name in NAMES}
    assert logins == {
        "edge": ("edge.example.com", 2201, "everyone"),
        "inner": ("10.0.0.7", 2207, "nested"),
        "gate": ("gate", 22, "gatekeeper"),
        "spaced": ("spaced.example.com", 22, "everyone"),
        "box.lab": ("box.lab", 22, "lab"),
        "plain": ("plain", 22, "everyone"),
        "elsewhere": ("elsewhere", 22, "everyone"),
    }
    assert found.jumps("box.lab") == ["gate", "ops@far:2222"]
    assert found.jumps("edge") == []
    assert found.proxy_command("plain") is None


def test_what_a_name_says_goes_first(home: Path) -> None:
    found = SshConfiguration()
    assert found.login("ssh://ops@inner:22")[:3] == ("10.0.0.7", 22, "ops")
    assert found.login("ssh://ops@[2001:db8::1]:2200")[:3] == ("2001:db8::1", 2200, "ops")
    assert found.login("[::1]")[:2] == ("::1", 22)


def _runs_ssh() -> bool:
    """Whether ssh is there, and this process runs as a user that has a name."""
    return (
        bool(shutil.which("ssh"))
        and subprocess.run(["ssh", "-G", "a"], check=False, capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not _runs_ssh(), reason="ssh is not installed, or refuses this user")
@pytest.mark.parametrize("name", NAMES)
def test_ssh_itself_says_the_same(home: Path, name: str) -> None:
    # ssh looks for its user's home folder where HOME says nothing to it.
    config = home / "for-ssh"
    config.write_text(CONFIG.replace("~", str(home)).replace("conf.d", f"{home}/.ssh/conf.d"), encoding="utf-8")
    for file in (config, *(home / ".ssh").rglob("*.conf")):
        below = {"Include nested": f"Include {home}/.ssh/nested", "Include below-": f"Include {home}/.ssh/below-"}
        for written, whole in below.items():
            file.write_text(file.read_text(encoding="utf-8").replace(written, whole), encoding="utf-8")
    done = subprocess.run(["ssh", "-G", "-F", str(config), name], check=True, capture_output=True, text=True)
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    login = SshConfiguration().login(name)
    assert (login.hostname, str(login.port), login.username) == (said["hostname"], said["port"], said["user"])
    assert ",".join(SshConfiguration().jumps(name)) == said.get("proxyjump", "")


def test_files_that_cannot_be_read_are_told(home: Path) -> None:
    (home / ".ssh/nested").write_text("Include nested\n", encoding="utf-8")
    with pytest.raises(SSHException, match="included by more than 16 files"):
        SshConfiguration()
    (home / ".ssh/nested").unlink()
    (home / ".ssh/nested").mkdir()
    with pytest.raises(SSHException, match=r"nested can't be read: Is a directory"):
        SshConfiguration()


def test_keys_that_are_not_there_are_passed_over(home: Path) -> None:
    (home / ".ssh/id").write_text("")
    (home / ".ssh/config").write_text("Host a\n IdentityFile ~/.ssh/id\n IdentityFile /none/id\n")
    assert SshConfiguration().login("a").key_filename == [f"{home}/.ssh/id"]


def test_five_log_in_at_one_address_at_once() -> None:
    most, inside = 0, 0
    counting = threading.Lock()

    def log_in(number: int) -> None:
        nonlocal most, inside
        with turn_at(("a", 22), 60):
            with counting:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with counting:
                inside -= 1

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(log_in, range(40)))
    assert most == 5


def test_who_waits_too_long_logs_in_without_a_turn() -> None:
    with ExitStack() as all_turns:
        for _ in range(5):
            all_turns.enter_context(turn_at(("b", 22), 60))
        with turn_at(("b", 22), 0.01), turn_at(("c", 22), 60):
            pass
    # Nobody gave back a turn that they had not.
    with ExitStack() as all_turns:
        started = time.monotonic()
        for _ in range(5):
            all_turns.enter_context(turn_at(("b", 22), 60))
        assert time.monotonic() - started < 60
        with turn_at(("b", 22), 0.1):
            assert time.monotonic() - started >= 0.2
