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
    """An sshd at a port of the loopback address. `home` is a home folder whose ssh configuration trusts it."""

    def __init__(self, folder: Path, docker_host: str) -> None:
        self.port = free_port()
        self.url = f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"
        self.home = folder / "home"
        self._folder = folder
        self._docker_host = docker_host
        self._process: EngineProcess | None = None

    def start(self) -> Sshd:
        """Make keys, start it, and wait until it listens."""
        folder, ssh = self._folder, self.home / ".ssh"
        ssh.mkdir(parents=True)
        os.makedirs("/run/sshd", exist_ok=True)
        for key in (folder / "host_key", ssh / "id_ed25519"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
        host_key = (folder / "host_key.pub").read_text().split()
        (ssh / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {host_key[0]} {host_key[1]}\n")
        (ssh / "config").write_text(
            f"Host engine inner innermost loop-*\n  HostName 127.0.0.1\n  Port {self.port}\n  User {getpass.getuser()}\n"
            f"Host inner\n  ProxyJump engine\n"
            f"Host innermost\n  ProxyJump inner,{getpass.getuser()}@127.0.0.1:{self.port}\n"
            f"Host loop-a\n  ProxyJump loop-b\n"
            f"Host loop-b\n  ProxyJump loop-a\n"
            f"Host lost\n  ProxyJump nobody@127.0.0.1:{self.port}\n"
        )
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
        }
        (folder / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self._process = EngineProcess(["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config")], folder / "log")
        self._process.wait_until(self._listens)
        return self

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def logins(self) -> int:
        """How often somebody has logged in."""
        return (self._folder / "log").read_text().count("Accepted publickey")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
