"""Paths of a host that matter when they are mounted into a container: engine sockets and the system's own folders.

All functions take paths in normal form (`normal_path`): forward slashes, none at the end, no empty or `.` parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENGINES: Final = r"docker|podman|system-docker|balena|balena-engine|containerd|crio|cri-dockerd|dockershim"
_SOCKET: Final = (
    # In any folder: /run, /run/user/1000, ~/.docker/run, ~/.colima/default, /var/snap/docker/common/run, …
    rf"/(?:{_ENGINES})\.sock(?:\.raw)?$"
    # Docker Desktop's own, and what it gives to extensions.
    r"|/docker\.proxy\.sock$|/docker-(?:cli|api)\.sock$"
    # Windows: //./pipe/docker_engine, and the engines of Docker Desktop and Podman.
    r"|^(?:npipe:)?/*\.?/pipe/(?:docker|podman|containerd)[^/]*$"
)
_SOCKET_FOLDER: Final = (
    r"^(?:/var)?/run(?:/docker|/podman|/containerd|/docker/containerd|/k3s|/k3s/containerd|/crio|/balena-engine)?$"
    r"|^(?:/var)?/run/user(?:/\d+(?:/podman)?)?$"
    r"|/\.docker/(?:run|desktop)$|/\.colima(?:/[^/]+)?$|/\.config/colima(?:/[^/]+)?$|/\.orbstack/run$|/\.rd$"
    r"|/\.lima/[^/]+/sock$|/containers/podman/machine(?:/[^/]+)?$"
    r"|^/var/snap/docker/(?:common|current|\d+)/run$|^/run/snap\.docker$"
    r"|^/var/run/docker/(?:desktop|containerd/daemon)$|^/run/host-services$"
)

_SYSTEM_PROGRAMS: Final = (
    "/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local", "/usr/local/bin",
    "/usr/local/sbin", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/lib/systemd", "/lib/systemd/system",
    "/usr/lib/systemd", "/usr/lib/systemd/system", "/boot/efi", "/efi",
)  # fmt: skip
_SYSTEM_SETTINGS: Final = (
    "/etc/cron.d", "/etc/cron.daily", "/etc/cron.hourly", "/etc/cron.monthly", "/etc/cron.weekly", "/etc/crontab",
    "/etc/init.d", "/etc/ld.so.preload", "/etc/ld.so.conf.d", "/etc/modprobe.d", "/etc/pam.d", "/etc/polkit-1",
    "/etc/profile.d", "/etc/rc.local", "/etc/security", "/etc/sudoers", "/etc/sudoers.d", "/etc/systemd",
    "/etc/systemd/system", "/etc/udev/rules.d", "/var/spool/cron", "/var/spool/cron/crontabs",
)  # fmt: skip
_SECRETS: Final = (
    "/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/ssl/private",
    "/etc/docker", "/etc/docker/daemon.json", "/etc/kubernetes",
    "/etc/rancher", "/etc/rancher/k3s", "/root/.ssh", "/root/.ssh/authorized_keys", "/root/.docker", "/root/.kube",
)  # fmt: skip
_ENGINE_DATA: Final = (
    "/var/lib/docker", "/var/lib/docker/volumes", "/var/lib/docker/overlay2", "/var/lib/docker/image",
    "/var/lib/docker/swarm", "/var/lib/containers", "/var/lib/containers/storage",
    "/var/lib/containers/storage/volumes", "/var/lib/containers/storage/overlay", "/var/lib/containerd",
    "/var/lib/rancher", "/var/lib/rancher/k3s", "/var/lib/kubelet", "/var/lib/etcd",
    "/var/snap/docker/common/var-lib-docker", "/var/lib/balena-engine",
)  # fmt: skip

SENSITIVE_PATHS: Final[Mapping[str, tuple[str | None, str]]] = {
    # Path: severity when it is mounted read-only, and when it is mounted read-write.
    "/": ("medium", "critical"),
    "/etc": ("medium", "high"),
    "/root": ("medium", "high"),
    "/boot": ("medium", "high"),
    "/var": ("medium", "high"),
    "/var/lib": ("medium", "high"),
    "/dev": ("low", "medium"),
    "/proc": ("low", "high"),
    "/proc/sys": (None, "high"),
    "/proc/sys/kernel": (None, "high"),
    "/proc/sys/kernel/core_pattern": (None, "high"),
    "/proc/sysrq-trigger": ("high", "high"),
    "/proc/1": ("low", "high"),
    "/sys": (None, "high"),
    "/sys/fs/cgroup": (None, "medium"),
    "/sys/kernel": (None, "high"),
    "/sys/kernel/debug": ("low", "high"),
    "/sys/firmware": (None, "medium"),
    "/var/lib/docker/containers": ("low", "medium"),
    "c:": ("medium", "critical"),
    "c:/windows": ("low", "high"),
    "c:/windows/system32": ("low", "high"),
    "c:/programdata": ("low", "high"),
    "c:/programdata/docker": ("medium", "high"),
    **dict.fromkeys(_SYSTEM_PROGRAMS, (None, "high")),
    **dict.fromkeys(_SYSTEM_SETTINGS, ("low", "high")),
    **dict.fromkeys(_SECRETS, ("medium", "high")),
    **dict.fromkeys(_ENGINE_DATA, ("medium", "high")),
}
"""The folders themselves, not what is below them: an application's own folder in /etc is not the system's."""

_RAW_DEVICE: Final = (
    r"^/dev/(?:[hsv]d[a-z]+\d*|xvd[a-z]+\d*|nvme\d+n\d+(?:p\d+)?|mmcblk\d+(?:p\d+)?|dm-\d+|md\d+|mapper/.+"
    r"|mem|kmem|port)$"
)
"""Disks and the memory of the host."""


def normal_path(path: pl.Expr) -> pl.Expr:
    r"""A path in normal form. Docker Desktop's prefix for paths of a Mac or of Windows is left out.

    Examples
    --------
    >>> import polars as pl
    >>> paths = ["/var/run/", "/", "//./etc/.//ssh/", "C:\\Windows", "/host_mnt/etc", None]
    >>> pl.DataFrame({"source": paths}).select(normal_path(pl.col("source"))).to_series().to_list()
    ['/var/run', '/', '/etc/ssh', 'c:/windows', '/etc', None]
    """
    slashes = path.str.replace_all("\\", "/", literal=True).str.replace_all(r"/(?:\.?/)+", "/")
    without_end = slashes.str.replace(r"(.)(?:/\.)?/?$", "${1}").str.replace(r"^/\.$", "/")
    is_windows = without_end.str.contains(r"^[A-Za-z]:")
    lower = pl.when(is_windows).then(without_end.str.to_lowercase()).otherwise(without_end)
    of_desktop = lower.str.replace(r"^/run/desktop/mnt/host/([a-z])(/|$)", "${1}:${2}")
    return of_desktop.str.replace(r"^/host_mnt/([a-z])(/|$)", "${1}:${2}").str.replace(r"^/host_mnt(/|$)", "/")


def is_engine_socket(path: pl.Expr) -> pl.Expr:
    """Whether a path is the socket or the named pipe of a container engine (Boolean)."""
    return path.str.contains(_SOCKET)


def holds_engine_socket(path: pl.Expr) -> pl.Expr:
    """Whether a path is the folder of an engine's socket, or the run-time folder above it (Boolean)."""
    return path.str.contains(_SOCKET_FOLDER)


def sensitivity(path: pl.Expr, is_writable: pl.Expr) -> pl.Expr:
    """How bad it is to mount a path, as a severity; null when it does not matter."""
    paths = list(SENSITIVE_PATHS)
    read_only, writable = ([pair[mode] for pair in SENSITIVE_PATHS.values()] for mode in (0, 1))
    of_mode = (
        pl.when(is_writable)
        .then(path.replace_strict(paths, writable, default=None, return_dtype=pl.String))
        .otherwise(path.replace_strict(paths, read_only, default=None, return_dtype=pl.String))
    )
    raw = pl.when(is_writable).then(pl.lit("high")).otherwise(pl.lit("medium"))
    return pl.when(path.str.contains(_RAW_DEVICE)).then(raw).otherwise(of_mode)
