"""An ssh server of this machine that leads to an engine."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
from typing import TYPE_CHECKING

from tests.engines.process import EngineProcess, free_port, run

if TYPE_CHECKING:
    from pathlib import Path


def missing_for_ssh() -> str | None:
    """Why no sshd can run here; None when one can."""
    if os.geteuid() != 0:
        return "sshd needs root"
    missing = [name for name in ("/usr/sbin/sshd", "ssh-keygen") if shutil.which(name) is None]
    return f"{', '.join(missing)} not installed" if missing else None


class Sshd:
    """An sshd at a port of the loopback address, and a home folder whose ssh configuration trusts it.

    OpenSSH looks for its files in the home folder of its user, whatever HOME is: `home/bin` has an `ssh` that reads
    the configuration of `home`. Put it in front of PATH.
    """

    def __init__(self, folder: Path, docker_host: str, **settings: object) -> None:
        self.port = free_port()
        self.url = f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"
        self.home = folder / "home"
        self.folder = folder
        self._docker_host = docker_host
        self._settings = settings
        self._process: EngineProcess | None = None

    @property
    def host_key(self) -> str:
        """The public host key, as in known_hosts."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    def start(self) -> Sshd:
        """Make keys, start it, and wait until it listens."""
        folder, ssh = self.folder, self.home / ".ssh"
        ssh.mkdir(parents=True)
        os.makedirs("/run/sshd", exist_ok=True)
        for key in (folder / "host_key", ssh / "id_ed25519"):
            make_key(key)
        user = getpass.getuser()
        (ssh / "known_hosts").write_text(f"[127.0.0.1]:{self.port},[localhost]:{self.port} {self.host_key}\n")
        (ssh / "config").write_text(
            f"Host engine inner innermost loop-*\n  HostName 127.0.0.1\n  Port {self.port}\n  User {user}\n"
            f"Host inner\n  ProxyJump engine\n"
            f"Host innermost\n  ProxyJump inner,{user}@localhost:{self.port}\n"
            f"Host loop-a\n  ProxyJump loop-b\n"
            f"Host loop-b\n  ProxyJump loop-a\n"
            f"Host lost\n  ProxyJump nobody@127.0.0.1:{self.port}\n"
            f"Host *\n  IdentityFile {ssh}/id_ed25519\n  UserKnownHostsFile {ssh}/known_hosts\n  IdentityAgent none\n"
        )
        program = self.home / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F "$HOME/.ssh/config" "$@"\n')
        program.chmod(0o755)
        (folder / "authorized_keys").write_bytes((ssh / "id_ed25519.pub").read_bytes())
        settings = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": folder / "host_key",
            "PidFile": folder / "pid",
            "AuthorizedKeysFile": folder / "authorized_keys",
            "StrictModes": "no",
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "PermitRootLogin": "yes",
            "SetEnv": f"DOCKER_HOST={self._docker_host}",
            **self._settings,
        }
        (folder / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self.restart()
        return self

    def restart(self) -> None:
        """Start it with the keys that it has."""
        command = ["/usr/sbin/sshd", "-D", "-e", "-f", str(self.folder / "sshd_config")]
        self._process = EngineProcess(command, self.folder / "log")
        self._process.wait_until(self._listens)

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def logins(self) -> int:
        """How often somebody has logged in."""
        return (self.folder / "log").read_text().count("Accepted publickey")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def make_key(path: Path, passphrase: str = "") -> Path:
    """Make a key pair."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path))
    return path


class SshAgent:
    """An ssh agent at a socket, with keys."""

    def __init__(self, socket_path: Path, *keys: Path) -> None:
        self.socket = socket_path
        self._process = EngineProcess(["ssh-agent", "-D", "-a", str(socket_path)], socket_path.with_suffix(".log"))
        self._process.wait_until(socket_path.exists)
        for key in keys:
            run("ssh-add", "-q", str(key), environment={"SSH_AUTH_SOCK": str(socket_path)})

    def stop(self) -> None:
        """Stop it."""
        self._process.stop()
