"""Mounts of the engine's socket and of the host's folders, as people write them."""

from __future__ import annotations

from functools import cache

import pytest

from tests.unit.rules.fleets import bind, evidence, fleet, found, found_by_container, mounted, one

SOCKETS = [
    "/var/run/docker.sock",
    "/run/docker.sock",
    "//var/run/docker.sock",
    "/var/run/docker.sock.raw",
    "/run/user/1000/docker.sock",
    "/run/user/1000/podman/podman.sock",
    "/run/podman/podman.sock",
    "/home/me/.docker/run/docker.sock",
    "/home/me/.docker/desktop/docker.sock",
    "/host_mnt/Users/me/.docker/run/docker.sock",
    "/run/host-services/docker.proxy.sock",
    "/Users/me/.colima/docker.sock",
    "/Users/me/.colima/default/docker.sock",
    "/Users/me/.config/colima/default/docker.sock",
    "/Users/me/.lima/docker/sock/docker.sock",
    "/Users/me/.orbstack/run/docker.sock",
    "/Users/me/.rd/docker.sock",
    "/var/snap/docker/common/run/docker.sock",
    "/run/balena-engine.sock",
    "/var/run/balena.sock",
    "/run/containerd/containerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/var/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/dockershim.sock",
    "/var/run/system-docker.sock",
    "/home/me/.local/share/containers/podman/machine/podman.sock",
    r"\\.\pipe\docker_engine",
    "//./pipe/docker_engine",
    r"\\.\pipe\dockerDesktopLinuxEngine",
    r"\\.\pipe\podman-machine-default",
    r"\\.\pipe\containerd-containerd",
]
FOLDERS = [
    "/run",
    "/run/",
    "/var/run",
    "/var/run/",
    "/var/run/.",
    "/run/docker",
    "/run/docker/containerd",
    "/run/podman",
    "/run/user",
    "/run/user/1000",
    "/run/user/1000/",
    "/run/user/1000/podman",
    "/run/containerd",
    "/run/k3s",
    "/run/k3s/containerd/",
    "/var/run/crio",
    "/run/balena-engine",
    "/var/snap/docker/common/run",
    "/run/snap.docker",
    "/run/host-services",
    "/home/me/.docker/run",
    "/home/me/.docker/desktop",
    "/Users/me/.colima",
    "/Users/me/.colima/default",
    "/Users/me/.config/colima/default",
    "/Users/me/.lima/docker/sock",
    "/Users/me/.orbstack/run",
    "/Users/me/.rd",
    "/Users/me/.local/share/containers/podman/machine",
    "/Users/me/.local/share/containers/podman/machine/qemu",
]
NO_SOCKETS = [
    "/var/run/utmp",
    "/run/user/1000/pulse",
    "/run/user/1000/wayland-0",
    "/run/udev",
    "/run/udev/data",
    "/run/dbus/system_bus_socket",
    "/var/run/dbus",
    "/run/docker/plugins",
    "/run/systemd",
    "/run/secrets",
    "/run/mysqld/mysqld.sock",
    "/var/run/tailscale/tailscaled.sock",
    "/var/run/other.sock",
    "/srv/docker.socket",
    "/srv/mydocker.sock",
    "/home/me/docker",
    "/home/me/.docker/config.json",
    "/opt/podman",
    "/srv/run",
    "/pipe/other",
]


@cache
def found_in(rule: str, *, rw: bool) -> dict[str, list[tuple[str, str]]]:
    """What a rule finds in a container for each path, which is its name."""
    sources = [*SOCKETS, *FOLDERS, *NO_SOCKETS, *(path for path, *_ in SENSITIVE), *HARMLESS]
    return found_by_container(fleet(*(one(path, Mounts=[bind(path, rw=rw)]) for path in sources)), rule)


def of_path(rule: str, path: str, *, rw: bool) -> list[tuple[str, str]]:
    return found_in(rule, rw=rw)[path]


@pytest.mark.parametrize("source", SOCKETS + FOLDERS)
def test_an_engine_socket_is_found_under_every_path(source: str) -> None:
    assert of_path("docker-socket-writable", source, rw=True) == [("critical", f"mounts: {source} at /at, read-write")]
    assert of_path("docker-socket-mounted", source, rw=True) == []
    assert of_path("docker-socket-mounted", source, rw=False) == [("high", f"mounts: {source} at /at, read-only")]
    assert of_path("docker-socket-writable", source, rw=False) == []
    assert of_path("sensitive-path-mounted", source, rw=True) == []


@pytest.mark.parametrize("source", NO_SOCKETS)
@pytest.mark.parametrize("rw", [True, False])
def test_other_sockets_and_folders_are_no_engine_sockets(source: str, rw: bool) -> None:
    assert of_path("docker-socket-writable", source, rw=rw) == []
    assert of_path("docker-socket-mounted", source, rw=rw) == []


@pytest.mark.parametrize("kind", ["volume", "tmpfs", "image", "cluster"])
def test_mounts_of_other_types_are_not_of_the_host(kind: str) -> None:
    for source in ("/", "/etc", "/run", "/var/run/docker.sock", None):
        snap = fleet(one(Mounts=[bind(source or "", Type=kind, Source=source)]))
        for rule in ("docker-socket-writable", "sensitive-path-mounted"):
            assert evidence(snap, rule) == []


def test_a_named_pipe_is_found_by_its_type() -> None:
    snap = mounted(r"\\.\pipe\docker_engine", Type="npipe", Destination=r"\\.\pipe\docker_engine")
    assert len(evidence(snap, "docker-socket-writable")) == 1


@pytest.mark.parametrize("at", ["/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock"])
def test_the_destination_shows_a_socket_with_another_name_on_the_host(at: str) -> None:
    assert len(evidence(mounted("/srv/engines/two", Destination=at), "docker-socket-writable")) == 1
    # People hide the engine from an image so.
    assert evidence(mounted("/dev/null", Destination=at), "docker-socket-writable") == []


def test_a_volume_is_not_a_path_of_the_host() -> None:
    volume = {"Type": "volume", "Name": "run", "Source": "/var/lib/docker/volumes/run/_data"}
    for at in ("/var/run", "/run/podman", "/etc"):
        snap = fleet(one(Mounts=[{**volume, "Destination": at, "RW": True}]))
        assert evidence(snap, "docker-socket-writable") == []
        assert evidence(snap, "sensitive-path-mounted") == []


def test_a_mount_of_which_the_engine_sends_neither_type_nor_mode_counts_as_writable() -> None:
    snap = fleet(one(Mounts=[{"Source": "/var/run/docker.sock", "Destination": "/s"}]))
    assert found(snap, "docker-socket-writable") == [("critical", "mounts: /var/run/docker.sock at /s, read-write")]


@pytest.mark.parametrize(
    ("image", "is_proxy"),
    [
        ("tecnativa/docker-socket-proxy:0.3", True),
        ("lscr.io/linuxserver/socket-proxy:latest", True),
        ("wollomatic/socket-proxy:1", True),
        ("ghcr.io/yusing/socket-proxy", True),
        ("registry.local:5000/infra/my-docker-socket-proxy@sha256:" + "0" * 64, True),
        ("nginx-proxy/nginx-proxy", False),
        ("traefik:v3", False),
        ("jwilder/docker-gen", False),
        ("portainer/portainer-ce", False),
    ],
)
def test_a_socket_proxy_may_have_the_socket(image: str, is_proxy: bool) -> None:
    for rw, rule in ((True, "docker-socket-writable"), (False, "docker-socket-mounted")):
        snap = mounted("/var/run/docker.sock", rw=rw, image=image)
        assert (evidence(snap, rule) == []) is is_proxy


@pytest.mark.parametrize("image", ["sha256:" + "0" * 64, "", "<none>"])
def test_an_image_without_a_name_is_no_socket_proxy(image: str) -> None:
    assert len(evidence(mounted("/var/run/docker.sock", image=image), "docker-socket-writable")) == 1


def test_a_socket_proxy_may_not_have_the_host() -> None:
    snap = mounted("/etc", image="tecnativa/docker-socket-proxy")
    assert len(evidence(snap, "sensitive-path-mounted")) == 1


# Path, severity read-only, severity read-write.
SENSITIVE = [
    ("/", "medium", "critical"),
    ("/etc", "medium", "high"),
    ("/etc/", "medium", "high"),
    ("/etc/.", "medium", "high"),
    ("/root", "medium", "high"),
    ("/boot", "medium", "high"),
    ("/boot/efi", None, "high"),
    ("/var", "medium", "high"),
    ("/var/lib", "medium", "high"),
    ("/usr", None, "high"),
    ("/usr/bin", None, "high"),
    ("/usr/local/bin", None, "high"),
    ("/bin", None, "high"),
    ("/sbin", None, "high"),
    ("/lib", None, "high"),
    ("/lib64", None, "high"),
    ("/usr/lib/systemd/system", None, "high"),
    ("/dev", "low", "medium"),
    ("/proc", "low", "high"),
    ("/proc/sys", None, "high"),
    ("/proc/sysrq-trigger", "high", "high"),
    ("/sys", None, "high"),
    ("/sys/fs/cgroup", None, "medium"),
    ("/sys/kernel", None, "high"),
    ("/sys/kernel/debug", "low", "high"),
    ("/etc/ssl/private", "medium", "high"),
    ("/etc/shadow", "medium", "high"),
    ("/etc/ssh", "medium", "high"),
    ("/etc/docker", "medium", "high"),
    ("/etc/kubernetes", "medium", "high"),
    ("/root/.ssh", "medium", "high"),
    ("/root/.kube", "medium", "high"),
    ("/etc/sudoers", "low", "high"),
    ("/etc/sudoers.d", "low", "high"),
    ("/etc/pam.d", "low", "high"),
    ("/etc/cron.d", "low", "high"),
    ("/etc/crontab", "low", "high"),
    ("/etc/systemd/system", "low", "high"),
    ("/etc/ld.so.preload", "low", "high"),
    ("/var/spool/cron/crontabs", "low", "high"),
    ("/var/lib/docker", "medium", "high"),
    ("/var/lib/docker/", "medium", "high"),
    ("/var/lib/docker/volumes", "medium", "high"),
    ("/var/lib/docker/containers", "low", "medium"),
    ("/var/lib/containers/storage", "medium", "high"),
    ("/var/lib/containerd", "medium", "high"),
    ("/var/lib/kubelet", "medium", "high"),
    ("/var/snap/docker/common/var-lib-docker", "medium", "high"),
    ("/dev/sda", "medium", "high"),
    ("/dev/sda1", "medium", "high"),
    ("/dev/nvme0n1", "medium", "high"),
    ("/dev/nvme0n1p2", "medium", "high"),
    ("/dev/vda", "medium", "high"),
    ("/dev/xvda", "medium", "high"),
    ("/dev/mmcblk0", "medium", "high"),
    ("/dev/dm-0", "medium", "high"),
    ("/dev/md0", "medium", "high"),
    ("/dev/mapper/vg-root", "medium", "high"),
    ("/dev/mem", "medium", "high"),
    ("/dev/kmem", "medium", "high"),
    ("/dev/port", "medium", "high"),
    ("C:\\", "medium", "critical"),
    ("/run/desktop/mnt/host/c", "medium", "critical"),
    (r"C:\Windows", "low", "high"),
    (r"c:\ProgramData\docker", "medium", "high"),
    ("/host_mnt/etc", "medium", "high"),
    *((path, None, "high") for path in (
        "/proc/sys/kernel", "/proc/sys/kernel/core_pattern", "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/libexec",
        "/usr/local", "/usr/local/sbin", "/lib32", "/lib/systemd", "/lib/systemd/system", "/usr/lib/systemd", "/efi",
    )),
    *((path, "low", "high") for path in (
        "/proc/1", r"C:\Windows\System32", r"C:\ProgramData", "/etc/cron.daily", "/etc/cron.hourly", "/etc/cron.monthly",
        "/etc/cron.weekly", "/etc/init.d", "/etc/ld.so.conf.d", "/etc/modprobe.d", "/etc/polkit-1", "/etc/profile.d",
        "/etc/rc.local", "/etc/security", "/etc/systemd", "/etc/udev/rules.d", "/var/spool/cron",
    )),
    *((path, "medium", "high") for path in (
        "/etc/gshadow", "/etc/docker/daemon.json", "/etc/rancher", "/etc/rancher/k3s", "/root/.ssh/authorized_keys",
        "/root/.docker", "/var/lib/docker/overlay2", "/var/lib/docker/image", "/var/lib/docker/swarm",
        "/var/lib/containers", "/var/lib/containers/storage/volumes", "/var/lib/containers/storage/overlay",
        "/var/lib/rancher", "/var/lib/rancher/k3s", "/var/lib/etcd", "/var/lib/balena-engine",
    )),
    ("/sys/firmware", None, "medium"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "read_only", "writable"), SENSITIVE)
def test_a_system_folder_is_as_bad_as_its_path_and_mode(path: str, read_only: str | None, writable: str) -> None:
    assert of_path("sensitive-path-mounted", path, rw=True) == [(writable, f"mounts: {path} at /at, read-write")]
    expected = [] if read_only is None else [(read_only, f"mounts: {path} at /at, read-only")]
    assert of_path("sensitive-path-mounted", path, rw=False) == expected


HARMLESS = [
    "/etc/localtime",
    "/etc/timezone",
    "/etc/machine-id",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/passwd",
    "/etc/group",
    "/etc/fuse.conf",
    "/etc/ssl/certs",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pihole/",
    "/etc/letsencrypt",
    "/etc/komodo",
    "/etc/redis",
    "/etc/dnsmasq.conf",
    "/etc/containers/caddy/Caddyfile",
    "/etc/docker-compose",
    "/etc/sshd",
    "/lib/modules",
    "/usr/src",
    "/usr/share/zoneinfo/Europe/Berlin",
    "/usr/share/appdata/wireguard",
    "/usr/local/share/app",
    "/root/minecraft",
    "/root/mail/mail-data",
    "/root/.config/restic",
    "/home",
    "/home/me",
    "/home/me/.ssh",
    "/opt",
    "/srv",
    "/mnt",
    "/tmp",
    "/var/log",
    "/var/www",
    "/var/lib/app",
    "/var/lib/docker/volumes/app/_data",
    "/dev/dri",
    "/dev/net/tun",
    "/dev/snd",
    "/dev/null",
    "/dev/shm",
    "/dev/rtc",
    "/dev/bus/usb",
    "/dev/input",
    "/dev/disk/by-id",
    "/dev/ttyUSB0",
    "/dev/serial/by-id/usb-x",
    r"C:\Users\me\app",
    "/run/desktop/mnt/host/c/Users/me/app",
    "/etcetera",
    "etc",
]


@pytest.mark.parametrize("path", HARMLESS)
@pytest.mark.parametrize("rw", [True, False])
def test_what_reveals_and_changes_nothing_is_no_finding(path: str, rw: bool) -> None:
    assert of_path("sensitive-path-mounted", path, rw=rw) == []


@pytest.mark.parametrize(
    ("propagation", "fires"), [("shared", True), ("rshared", True), ("rslave", False), ("", False)]
)
def test_only_shared_propagation_spreads_to_the_host(propagation: str, fires: bool) -> None:
    snap = fleet(one(Mounts=[bind("/srv", Propagation=propagation)]))
    assert evidence(snap, "shared-mount-propagation") == ([f"mounts: /at, propagation {propagation}"] if fires else [])
