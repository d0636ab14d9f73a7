"""labels.md, sections 1 to 5: identity, image, ports, aliases, labels that are no route fields."""

from __future__ import annotations

import pytest

from tests.summaries import container, errors, fields, labelled, snapshot_of, summary


@pytest.mark.parametrize(
    ("names", "expected"), [(["/web"], "web"), (["/db/web", "/web"], "db/web"), (["//x"], "/x"), ([], ""), (None, "")]
)
def test_1_name_is_the_first_without_one_slash(names: list[str] | None, expected: str) -> None:
    assert container(Names=names)["container_name"] == expected


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [("running", "Up", True), ("exited", "running", True), ("paused", "Up (Paused)", False), (None, None, False)],
)
def test_1_running_by_state_or_status(state: str, status: str, expected: bool) -> None:
    assert container(State=state, Status=status)["running"] is expected


@pytest.mark.parametrize(
    ("health", "status", "expected"),
    [
        (None, "Up 2 hours (healthy)", "healthy"),
        (None, "Up 2 hours (unhealthy)", "unhealthy"),
        (None, "Up 2 seconds (health: starting)", "starting"),
        (None, "Up 2 hours (Paused)", None),
        (None, "(healthy) no longer", None),
        ({"Status": "unhealthy", "FailingStreak": 3}, "Up (healthy)", "unhealthy"),
        ({"Status": ""}, "Up (healthy)", "healthy"),
    ],
)
def test_1_health_as_sent_else_from_the_status(health: object, status: str, expected: str | None) -> None:
    assert container(Health=health, Status=status)["health"] == expected


def test_1_host_network_mode() -> None:
    assert container(HostConfig={"NetworkMode": "host"})["is_host_network_mode"] is True
    assert container(HostConfig={"NetworkMode": "hosts"})["is_host_network_mode"] is False
    assert container(HostConfig=None)["is_host_network_mode"] is False


@pytest.mark.parametrize(
    ("image", "name", "author", "tag", "registry", "digest"),
    [
        ("nginx", "nginx", "library", "latest", None, None),
        ("nginx:1.27", "nginx", "library", "1.27", None, None),
        ("library/nginx", "nginx", "library", "latest", None, None),
        ("ghcr.io/org/team/app:2", "app", "ghcr.io/org/team", "2", "ghcr.io", None),
        ("registry:5000/app:2", "app", "registry:5000", "2", "registry:5000", None),
        ("registry:5000/app", "app", "registry:5000", "latest", "registry:5000", None),
        ("localhost/app", "app", "localhost", "latest", "localhost", None),
        ("org/app", "app", "org", "latest", None, None),
        ("app@sha256:ab", "app", "library", "latest", None, "sha256:ab"),
        ("r.io/app:1@sha256:ab", "app", "r.io", "1", "r.io", "sha256:ab"),
        ("sha256:abcdef", None, None, None, None, None),
    ],
)
def test_2_image_by_the_grammar_of_references(
    image: str, name: str, author: str, tag: str, registry: str, digest: str
) -> None:
    row = container(Image=image)
    parts = ("image_name", "image_author", "image_tag", "image_registry", "image_digest")
    assert tuple(row[part] for part in parts) == (name, author, tag, registry, digest)


@pytest.mark.parametrize(("image_id", "expected"), [("sha256:ab:c", "ab:c"), ("ab", ""), (None, "")])
def test_2_sha256_is_what_follows_the_first_colon(image_id: str | None, expected: str) -> None:
    assert container(ImageID=image_id)["image_sha256"] == expected


def test_2_version_is_a_label() -> None:
    assert container(Labels={"org.opencontainers.image.version": "1.2"})["image_version"] == "1.2"
    assert container()["image_version"] is None


def _port(private: int, public: int | None = None, ip: str | None = None, kind: str = "tcp") -> dict[str, object]:
    return {"PrivatePort": private, "PublicPort": public, "IP": ip, "Type": kind}


def test_3_one_entry_a_port_the_last_wins_sorted() -> None:
    ports = [
        _port(443, 8443, "0.0.0.0"),
        _port(80, 8080, "0.0.0.0"),
        _port(80, 8080, "::"),
        _port(53),
        _port(53, 53, "::", "udp"),
    ]
    row = container(Ports=ports)
    assert [(one["public_port"], one["ip"]) for one in row["public_ports"]] == [
        (53, "::"),
        (8080, "::"),
        (8443, "0.0.0.0"),
    ]
    assert [(one["private_port"], one["type"], one["ip"]) for one in row["private_ports"]] == [
        (53, "udp", "::"), (80, "tcp", "::"), (443, "tcp", "0.0.0.0"),
    ]  # fmt: skip


def test_3_a_public_port_of_0_is_none() -> None:
    assert container(Ports=[_port(80, 0)])["public_ports"] == []


def test_3_the_table_keeps_every_binding() -> None:
    snap = snapshot_of(summary(Ports=[_port(80, 8080, "0.0.0.0"), _port(80, 8080, "::"), _port(80, 8080, "::")]))
    assert snap.ports.select("ip", "private_port", "public_port", "type").rows() == [
        ("0.0.0.0", 80, 8080, "tcp"), ("::", 80, 8080, "tcp"), ("::", 80, 8080, "tcp"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"proxy.aliases": ""}, True),
        ({"proxy.x": "1"}, True),
        ({"proxy.": ""}, True),
        ({"proxy": "1"}, False),
        ({"xproxy.a": "1"}, False),
    ],
)
def test_4_explicit_by_any_proxy_label(labels: dict[str, str], expected: bool) -> None:
    assert container(Labels=labels)["is_explicit"] is expected


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_4_excluded_by_what_go_calls_true(text: str) -> None:
    assert labelled(exclude=text)["is_excluded"] is True
    assert errors({"proxy.exclude": text}) == []


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_4_not_excluded_by_what_go_calls_false(text: str) -> None:
    assert labelled(exclude=text)["is_excluded"] is False
    assert errors({"proxy.exclude": text}) == []


@pytest.mark.parametrize("text", ["yes", "", "tRuE", " true"])
def test_4_anything_else_is_false_and_an_error(text: str) -> None:
    assert labelled(exclude=text)["is_excluded"] is False
    assert errors({"proxy.exclude": text}) == [("invalid_bool", "proxy.exclude")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b", ["a", "b"]),
        (" b , a ", ["b", "a"]),
        ("a b\tc\nd", ["a", "b", "c", "d"]),
        ("a,,b,", ["a", "b"]),
        ("a, a", ["a", "a"]),
        ("", ["web"]),
    ],
)
def test_4_aliases_in_order_split_at_commas_and_white_space(text: str, expected: list[str]) -> None:
    assert labelled(aliases=text)["aliases"] == expected


def test_4_nothing_but_separators_gives_no_alias_and_an_error() -> None:
    assert labelled(aliases=" , ")["aliases"] == []
    assert errors({"proxy.aliases": " ,\t"}) == [("empty_alias", "proxy.aliases")]


@pytest.mark.parametrize(
    "name",
    ["aliases", "exclude", "network", "idle_timeout", "wake_timeout", "stop_method", "stop_timeout", "stop_signal",
     "start_endpoint", "depends_on", "no_loading_page"],
)  # fmt: skip
def test_5_these_are_no_route_fields(name: str) -> None:
    snap = snapshot_of(summary(Labels={f"proxy.{name}": "web"}))
    assert snap.route_fields.height == 0
    assert snap.routes["alias"].to_list() == ["web"]


def test_5_but_an_alias_may_have_such_a_name() -> None:
    assert fields({"proxy.network.port": "1"}) == {("network", "port"): "1"}
