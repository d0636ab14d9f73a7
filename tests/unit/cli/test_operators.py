"""The questions that operators ask, each answered by one command on a terminal of 80 columns.

The numbers are those of the list of questions; the ones that are left out need tables that do not exist yet.
"""

from __future__ import annotations

import pytest

import dockerframe as dkf
from tests.unit.cli.running import demo

DEMO = dkf.Fleet.demo().snapshot(progress=False)


def id_of(name: str) -> str:
    """The short id of a container of the demo fleet."""
    return DEMO.containers.filter(container_name=name)["container_id"].item()[:12]


def address_of(name: str) -> str:
    """The first address of a container of the demo fleet."""
    return DEMO.containers.join(DEMO.networks, on=["host", "container_id"]).filter(container_name=name)["ip_address"][0]


QUESTIONS = [
    (1, "Which containers are unhealthy?", ["containers", "--where", "health = 'unhealthy'"], ["cloud-app-1"]),
    (2, "Who uses image postgres?", ["containers", "--where", "image_name = 'postgres'", "-q"], [id_of("pg-0")]),
    (3, "Which ports are open to loopback only?", ["ports", "--where", "ip like '127.%'"], ["127.0.0.1", "whoami"]),
    (3, "Which ports are open to the world?", ["ports", "--where", "ip in ('0.0.0.0', '::')"], ["9443", "portainer"]),
    (5, "Why has this alias no route?", ["explain", "vpn"], ["no route: the label proxy.exclude is 1"]),
    (6, "What breaks if this container fails?", ["impact", "shop-db-1"], ["shop-api-1", "shop-web-1"]),
    (6, "What must start first?", ["start-order", "auth"], ["STEP", "auth-postgresql-1"]),
    (7, "Which containers have no memory limit?", ["inspections", "--where", "memory_limit is null"], ["telegraf"]),
    (8, "Give me this table as CSV.", ["routes", "-o", "csv"], ["host,container_id,alias"]),
    (
        9,
        "Copy an address.",
        ["networks", "--where", "container_name = 'blog'", "--columns", "address"],
        [address_of("blog")],
    ),
    (15, "Who mounts this path?", ["mounts", "--where", "source = '/var/run/docker.sock'"], ["git-runner-1"]),
    (16, "Which containers carry this label?", ["labels", "--where", "key = 'proxy.stop_method'"], ["blog", "stop"]),
    (
        17,
        "Which host names does the fleet serve?",
        ["exposures", "--where", "excluded_reason is null", "--columns", "name,proxy"],
        ["godoxy"],
    ),
    (18, "What keeps restarting?", ["containers", "--where", "state = 'restarting'"], ["crashing"]),
    (19, "Which hosts fail?", ["hosts", "--where", "not ok"], ["backup", "refused"]),
    (20, "Which projects are only partly up?", ["projects", "--where", "not is_up"], ["cloud", "cron"]),
    (21, "Same tag, different image?", ["audit", "--rule", "tag-with-several-images"], ["SEVERITY", "HOST"]),
    (22, "Who has this address?", ["networks", "--where", f"ip_address = '{address_of('shop-db-1')}'"], ["shop-db-1"]),
    (22, "Which port is free on this host?", ["free-ports", "apps", "--from", "3001"], ["3003"]),
    (23, "Only this project.", ["containers", "--where", "compose_project = 'shop'"], ["shop-web-1"]),
    (24, "How good is each host?", ["sql", "select scope, host, score from scores"], ["fleet", "edge"]),
    (23, "Only critical and high.", ["audit", "--severity", "high"], ["critical", "high"]),
]


@pytest.mark.parametrize(("number", "question", "command", "answer"), QUESTIONS, ids=[q[1] for q in QUESTIONS])
def test_one_command_answers_at_80_columns(number: int, question: str, command: list[str], answer: list[str]) -> None:
    done = demo(*command, columns=80, NO_COLOR="1")
    assert done.status in {0, 1}
    assert all(text in done.text for text in answer), done.text
    if command[0] != "explain" and "csv" not in command:
        assert max(map(len, done.lines)) <= 80


def test_a_host_that_fails_is_reported_with_what_to_do() -> None:
    assert "[refused] Host backup: tcp://backup.example.com:2375: Connection refused." in demo("hosts").errors
