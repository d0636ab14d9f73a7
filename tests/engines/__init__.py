"""Real engines, started by hand on this machine for live tests and recordings, and stopped again."""

from tests.engines.agent import Agent
from tests.engines.containers import Created, create_all, remove_all
from tests.engines.dockerd import Dockerd, missing_for_dockerd
from tests.engines.newer import newer_docker
from tests.engines.podman import Podman, missing_for_podman
from tests.engines.proxies import Proxy, missing_for_proxies
from tests.engines.sshd import SshAgent, Sshd, make_key, missing_for_ssh
from tests.engines.tls import Authority, RecipeAuthority

__all__ = [
    "Agent",
    "Authority",
    "Created",
    "Dockerd",
    "Podman",
    "Proxy",
    "RecipeAuthority",
    "SshAgent",
    "Sshd",
    "create_all",
    "make_key",
    "missing_for_dockerd",
    "missing_for_podman",
    "missing_for_proxies",
    "missing_for_ssh",
    "newer_docker",
    "remove_all",
]
