"""ssh: whatever the `ssh` program reaches with a configuration is reached with it, and what it refuses is refused."""

from __future__ import annotations

import getpass
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

import dockerframe as dkf
from tests.engines import Dockerd, SshAgent, Sshd, make_key
from tests.engines.process import run
from tests.live.test_engines import assert_agrees_with_docker

USER = getpass.getuser()


class Home:
    """A home folder whose ssh configuration has more lines for the host `engine`, in front of those of the server."""

    def __init__(self, sshd: Sshd, folder: Path) -> None:
        self.ssh = folder / ".ssh"
        self._sshd = sshd
        shutil.copytree(sshd.home / ".ssh", self.ssh)
        text = (self.ssh / "config").read_text().replace(f"{sshd.home}/.ssh", str(self.ssh))
        (self.ssh / "config").write_text(text)

    def configure(self, *lines: str, hosts: str = "engine") -> None:
        config = self.ssh / "config"
        block = "".join(f"  {line}\n" for line in lines)
        config.write_bytes(f"Host {hosts}\n{block}".encode("latin-1") + config.read_bytes())

    def known_hosts(self, *lines: str) -> None:
        address = f"[127.0.0.1]:{self._sshd.port}"
        text = "".join(f"{line.format(address=address, key=self._sshd.host_key)}\n" for line in lines)
        (self.ssh / "known_hosts").write_bytes(text.encode("latin-1"))


@pytest.fixture
def home(ssh_home: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Home(ssh_home, tmp_path)


def outcome(name: str = "engine", seconds: float = 20) -> str:
    """`ok`, or the kind of the error; `ssh` itself must come to the same end."""
    try:
        with dkf.new_client(
            dkf.Host("remote", f"ssh://{name}", connect_timeout=seconds, read_timeout=30), unique=True
        ) as client:
            client.get("/containers/json")
        found = "ok"
    except dkf.HostError as error:
        found = error.kind
    command = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", name, "true"]
    by_ssh = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (found == "ok") == (by_ssh.returncode == 0), (found, by_ssh.stderr)
    return found


def test_ssh_itself_reads_the_same_configuration(ssh_home: Sshd, plain: Dockerd) -> None:
    for url in (ssh_home.url, "ssh://engine"):
        snap = dkf.Fleet([dkf.Host("remote", url)]).snapshot(progress=False, strict=True)
        assert_agrees_with_docker(snap, plain, "remote")


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["@cert-authority *.corp.example " + KEY + " ca", "{address} {key}"], "ok"),
        (["@revoked * " + KEY, "{address} {key}"], "ok"),
        (["old.example 1024 35 1234567890123", "{address} {key}"], "ok"),
        (["broken", "other.example ssh-ed25519 notbase64!", "# caf\xe9", "{address} {key}"], "ok"),
        (["[127.0.0.*]:* {key}"], "ok"),
        (["@revoked {address} {key}", "{address} {key}"], "ssh_host_key"),
        (["{address} " + KEY], "ssh_host_key"),
        (["{address} ssh-ed25519 notbase64!"], "ssh_host_key"),
        (["\xff\xfe"], "ssh_host_key"),
        ([], "ssh_host_key"),
    ],
)
def test_known_hosts_line_by_line(home: Home, lines: list[str], expected: str) -> None:
    home.known_hosts(*lines)
    assert outcome() == expected


def test_hashed_known_hosts_and_other_names(home: Home) -> None:
    run("ssh-keygen", "-q", "-H", "-f", str(home.ssh / "known_hosts"))
    assert outcome() == "ok"
    home.known_hosts("the-alias {key}")
    assert outcome() == "ssh_host_key"
    home.configure("HostKeyAlias the-alias")
    assert outcome() == "ok"
    (home.ssh / "known_hosts").rename(home.ssh / "elsewhere")
    assert outcome() == "ssh_host_key"
    home.configure(f"UserKnownHostsFile {home.ssh}/elsewhere")
    assert outcome() == "ok"


def test_unknown_keys_are_refused_whatever_the_configuration_says(home: Home) -> None:
    home.known_hosts()
    home.configure("StrictHostKeyChecking no")
    with pytest.raises(dkf.HostAuthenticationError, match="requested strict checking") as caught:
        dkf.new_client(dkf.Host("remote", "ssh://engine"), unique=True)
    assert caught.value.kind == "ssh_host_key"
    assert (home.ssh / "known_hosts").read_text() == ""


@pytest.mark.parametrize(("principals", "expected"), [("127.0.0.1,engine", "ok"), ("elsewhere", "ssh_host_key")])
def test_host_certificates(
    root: Path, plain: Dockerd, monkeypatch: pytest.MonkeyPatch, principals: str, expected: str
) -> None:
    folder = root / f"certified-{expected}"
    server = Sshd(folder, plain.url, HostCertificate=folder / "host_key-cert.pub").start()
    try:
        authority = make_key(folder / "ca")
        command = ("ssh-keygen", "-q", "-s", str(authority), "-I", "host", "-h", "-n", principals)
        run(*command, str(folder / "host_key.pub"))
        server.stop()
        server.restart()
        (server.home / ".ssh/known_hosts").write_text(f"@cert-authority * {(folder / 'ca.pub').read_text()}")
        monkeypatch.setenv("HOME", str(server.home))
        monkeypatch.setenv("PATH", f"{server.home / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin")
        assert outcome() == expected
    finally:
        server.stop()


@pytest.fixture
def agent(home: Home) -> Iterator[Callable[..., SshAgent]]:
    started: list[SshAgent] = []

    def start(*keys: Path) -> SshAgent:
        started.append(SshAgent(Path(f"/tmp/dkf-agent-{home.ssh.stat().st_ino}"), *keys))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def test_many_keys_in_the_agent(home: Home, agent: Callable[..., SshAgent], tmp_path: Path) -> None:
    keys = [make_key(tmp_path / f"key-{number}") for number in range(8)]
    work = home.ssh / "id_ed25519"
    socket = agent(*keys, work).socket
    public = work.with_suffix(".pub").read_text()
    work.unlink()
    work.with_suffix(".pub").unlink()
    home.configure(f"IdentityAgent {socket}")
    with pytest.raises(dkf.HostAuthenticationError, match="Too many authentication failures.*IdentitiesOnly yes"):
        dkf.new_client(dkf.Host("remote", "ssh://engine"), unique=True)
    assert outcome() == "ssh_authentication"
    # The public key names the one in the agent, wherever it stands there.
    (home.ssh / "work.pub").write_text(public)
    home.configure("IdentitiesOnly yes", f"IdentityFile {home.ssh}/work.pub")
    assert outcome() == "ok"


def test_encrypted_keys_need_the_agent(home: Home, agent: Callable[..., SshAgent], ssh_home: Sshd) -> None:
    key = home.ssh / "id_ed25519"
    socket = agent(key).socket
    run("ssh-keygen", "-q", "-p", "-P", "", "-N", "phrase", "-f", str(key))
    assert outcome() == "ssh_authentication"
    home.configure(f"IdentityAgent {socket}")
    assert outcome() == "ok"


def test_user_certificates(root: Path, plain: Dockerd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "user-certificates"
    folder.mkdir()
    authority = make_key(folder / "user-ca")
    server = Sshd(folder, plain.url, TrustedUserCAKeys=folder / "user-ca.pub").start()
    try:
        monkeypatch.setenv("HOME", str(server.home))
        monkeypatch.setenv("PATH", f"{server.home / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin")
        (folder / "authorized_keys").write_text("")
        assert outcome() == "ssh_authentication"
        run("ssh-keygen", "-q", "-s", str(authority), "-I", "me", "-n", USER, str(server.home / ".ssh/id_ed25519.pub"))
        assert outcome() == "ok"
    finally:
        server.stop()


@pytest.mark.parametrize(
    "lines",
    [
        ["IdentityFile /none/key"],
        ["ProxyCommand /bin/busybox nc 127.0.0.1 %p"],
        ["ProxyCommand /bin/busybox nc %h %p"],
        ["ProxyCommand none"],
        ["CanonicalizeHostname yes"],
        ["LogLevel QUIET", "RequestTTY force"],
        ["LocalForward 1 127.0.0.1:1", "ExitOnForwardFailure yes"],
        ["# caf\xe9"],
        ["ControlMaster auto", "ControlPath {home}/master", "ControlPersist 60"],
        ["PermitLocalCommand yes", "LocalCommand echo hello"],
        ["Match final all"],
    ],
    ids=lambda lines: lines[0].partition("/")[0],
)
def test_options_of_ssh(home: Home, lines: list[str]) -> None:
    home.configure(*(line.format(home=home.ssh) for line in lines))
    assert outcome() == "ok"


@pytest.mark.parametrize(
    ("lines", "kind", "text"),
    [
        (["ProxyCommand /none/nc"], "ssh", "/none/nc"),
        (["Port many"], "ssh", "many"),
        (["NoSuchOption yes"], "ssh", "Bad configuration option: nosuchoption"),
        (["HostName no-such-host.invalid"], "unknown_name", "no-such-host.invalid"),
        (["Port 1"], "refused", "Start the ssh server"),
        (["User nobody-here"], "ssh_authentication", "nobody-here@127.0.0.1: Permission denied (publickey"),
        (["ProxyCommand sleep 60"], "connect_timeout", "longer connect timeout"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_ssh_reports_why_it_failed(home: Home, lines: list[str], kind: str, text: str) -> None:
    home.configure(*lines)
    with pytest.raises(dkf.HostError) as caught:
        dkf.new_client(dkf.Host("remote", "ssh://engine", connect_timeout=2, read_timeout=2), unique=True)
    assert caught.value.kind == kind
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_existing_master_is_used(home: Home, ssh_home: Sshd) -> None:
    home.configure(f"ControlPath {home.ssh}/master")
    master = subprocess.Popen(["ssh", "-o", "ControlMaster=yes", "-N", "engine"], stdin=subprocess.DEVNULL)
    try:
        while not (home.ssh / "master").exists():
            assert master.poll() is None
        before = ssh_home.logins()
        assert outcome() == "ok"
        assert ssh_home.logins() == before
    finally:
        master.terminate()
        master.wait()


@pytest.mark.parametrize(("name", "logins"), [("engine", 1), ("inner", 2), ("innermost", 4)])
def test_jump_hosts(ssh_home: Sshd, plain: Dockerd, name: str, logins: int) -> None:
    before = ssh_home.logins()
    with dkf.new_client(dkf.Host("remote", f"ssh://{name}"), unique=True) as client:
        listed = client.get("/containers/json", {"all": "1"})
        assert ssh_home.logins() - before == logins
    assert_agrees_with_docker(dkf.from_summaries(listed, host="remote"), plain, "remote")


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [("loop-a", "ssh", "in a circle"), ("lost", "ssh_authentication", "nobody@127.0.0.1: Permission denied")],
)
def test_jump_hosts_that_lead_nowhere(ssh_home: Sshd, name: str, kind: str, text: str) -> None:
    row = dkf.Fleet([dkf.Host("remote", f"ssh://{name}")]).snapshot(progress=False).hosts.row(0, named=True)
    assert row["error_kind"] == kind
    assert text in row["error"]


def test_the_path_of_a_socket(root: Path, plain: Dockerd, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rootless engine or a Podman machine, as `ssh://u@h/run/user/1000/docker.sock` names it."""
    server = Sshd(root / "without-engine", "unix:///none/docker.sock").start()
    monkeypatch.setenv("HOME", str(server.home))
    monkeypatch.setenv("PATH", f"{server.home / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin")
    try:
        row = dkf.Fleet([dkf.Host("remote", server.url)]).snapshot(progress=False).hosts.row(0, named=True)
        assert row["error_kind"] == "ssh"
        assert "docker system dial-stdio: " in row["error"]
        assert "/none/docker.sock" in row["error"]
        host = dkf.Host("remote", f"{server.url}{plain.socket}")
        assert_agrees_with_docker(dkf.Fleet([host]).snapshot(progress=False, strict=True), plain, "remote")
    finally:
        server.stop()


@pytest.mark.parametrize("line", ["Compression no", "ProxyJump engine"])
def test_many_hosts_at_one_ssh_server_log_in_in_turn(home: Home, ssh_home: Sshd, line: str) -> None:
    """A server drops connections by chance once ten have not logged in yet."""
    home.configure(line, "HostName 127.0.0.1", f"Port {ssh_home.port}", f"User {USER}", hosts="many-*")
    hosts = [
        dkf.Host(f"many-{number}", f"ssh://many-{number}", connect_timeout=60, read_timeout=60) for number in range(20)
    ]
    snap = dkf.Fleet(hosts).snapshot(progress=False)
    assert snap.hosts.filter(~pl.col("ok")).select("host", "error").rows() == []


def test_processes_end_with_their_clients(ssh_home: Sshd) -> None:
    def processes() -> str:
        command = ["pgrep", "-f", f"dial-stdio.*{ssh_home.port}|127.0.0.1 docker system dial-stdio"]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout

    before = processes()
    client = dkf.new_client(dkf.Host("remote", ssh_home.url), unique=True)
    assert len(processes().split()) > len(before.split())
    client.close()
    assert len(processes().split()) == len(before.split())


def test_without_an_ssh_program_paramiko_logs_in(
    home: Home, ssh_home: Sshd, plain: Dockerd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dockerframe._transport.ssh.shutil.which", lambda _: None)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("USER", USER)
    home.known_hosts("@cert-authority * " + KEY, "broken", "{address} {key}")
    with dkf.new_client(dkf.Host("remote", "ssh://engine"), unique=True) as client:
        for _ in range(3):
            listed = client.get("/containers/json", {"all": "1"})
    assert_agrees_with_docker(dkf.from_summaries(listed, host="remote"), plain, "remote")

    def kind() -> str:
        with pytest.raises(dkf.HostError) as caught:
            dkf.new_client(dkf.Host("remote", "ssh://engine"), unique=True)
        return caught.value.kind

    home.known_hosts("@revoked * {key}", "{address} {key}")
    assert kind() == "ssh_host_key"
    home.known_hosts("{address} {key}")
    (home.ssh / "id_ed25519").unlink()
    assert kind() == "ssh_authentication"
    home.configure("ProxyJump gate")
    assert kind() == "ssh"
