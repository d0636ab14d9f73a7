"""labels.md, sections 1 to 5: identity, image, ports, aliases, labels that are not route fields."""

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
        ({"Status": "none", "FailingStreak": 0}, "Up 2 hours", None),
    ],
)
def test_1_health_as_sent_else_from_the_status(health: object, status: str, expected: str | None) -> None:
    assert container(Health=health, Status=status)["health"] == expected
    assert container(Health=health, Status=status, State="restarting")["health"] == expected


@pytest.mark.parametrize("state", ["exited", "created", "paused", "dead", "removing", None])
def test_1_health_is_null_unless_running_or_restarting(state: str | None) -> None:
    row = container(Health={"Status": "unhealthy", "FailingStreak": 3}, State=state, Status="Exited (1) (unhealthy)")
    assert row["health"] is None
    assert row["failing_streak"] == 3


def test_1_failing_streak_is_null_where_it_is_not_sent() -> None:
    assert container()["failing_streak"] is None
    assert container(Health={"Status": "healthy", "FailingStreak": 0})["failing_streak"] == 0


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ({"os": "linux", "architecture": "arm64", "variant": "v8"}, "linux/arm64/v8"),
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        ({"os": "linux", "architecture": ""}, None),
        (None, None),
    ],
)
def test_1_platform_where_it_is_sent(platform: dict[str, str] | None, expected: str | None) -> None:
    assert container(ImageManifestDescriptor={"digest": "sha256:ab", "platform": platform})["platform"] == expected
    assert container()["platform"] is None


def test_1_swarm_service_is_a_label() -> None:
    assert container(Labels={"com.docker.swarm.service.name": "shop_web"})["swarm_service"] == "shop_web"
    assert container()["swarm_service"] is None


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


@pytest.mark.parametrize(
    ("image", "image_id"),
    [
        ("94f13e7", "sha256:94f13e7f708d"),
        ("94f13e7f708d", "sha256:94f13e7f708d"),
        ("a" * 64, "sha256:bb"),
        ("", "sha256:ab"),
        ("<none>", "sha256:ab"),
        ("<none>:<none>", "sha256:ab"),
    ],
)
def test_2_an_id_or_nothing_is_not_a_name(image: str, image_id: str) -> None:
    row = container(Image=image, ImageID=image_id)
    assert [row[f"image_{part}"] for part in ("name", "author", "tag", "registry", "digest")] == [None] * 5


@pytest.mark.parametrize(
    ("image", "image_id"),
    [
        ("94f13e", "sha256:94f13e7f708d"),
        ("94f13e8", "sha256:94f13e7f708d"),
        ("94F13E7", "sha256:94f13e7f"),
        ("decade0", None),
    ],
)
def test_2_other_hexadecimal_names_are_names(image: str, image_id: str | None) -> None:
    assert container(Image=image, ImageID=image_id)["image_name"] == image


@pytest.mark.parametrize(("image_id", "expected"), [("sha256:ab:c", "ab:c"), ("ab", ""), (None, "")])
def test_2_sha256_is_what_follows_the_first_colon(image_id: str | None, expected: str) -> None:
    assert container(ImageID=image_id)["image_sha256"] == expected


def test_2_version_is_a_label() -> None:
    assert container(Labels={"org.opencontainers.image.version": "1.2"})["image_version"] == "1.2"
    assert container()["image_version"] is None


def _port(private: int, public: int | None = None, ip: str | None = None, kind: str = "tcp") -> dict[str, object]:
    return {"PrivatePort": private, "PublicPort": public, "IP": ip, "Type": kind}


BINDINGS = [
    _port(443, 8443, "0.0.0.0"),
    _port(80, 8080, "::"),
    _port(80, 8080, "192.168.0.9"),
    _port(80, 8080, "0.0.0.0"),
    _port(53, 53, "::", "udp"),
    _port(53),
    _port(53, 53, "0.0.0.0", "sctp"),
]


@pytest.mark.parametrize("ports", [BINDINGS, BINDINGS[::-1], BINDINGS[3:] + BINDINGS[:3]])
def test_3_one_entry_per_port_whatever_the_order(ports: list[dict[str, object]]) -> None:
    """By type, then IPv4 before IPv6, then by address."""
    row = container(Ports=ports)
    assert [(one["public_port"], one["type"], one["ip"]) for one in row["public_ports"]] == [
        (53, "udp", "::"), (8080, "tcp", "0.0.0.0"), (8443, "tcp", "0.0.0.0"),
    ]  # fmt: skip
    assert [(one["private_port"], one["type"], one["ip"]) for one in row["private_ports"]] == [
        (53, "tcp", None), (80, "tcp", "0.0.0.0"), (443, "tcp", "0.0.0.0"),
    ]  # fmt: skip


def test_3_tables_are_sorted_whatever_the_order() -> None:
    mounts = [
        {"Destination": "/b", "Source": ""},
        {"Destination": "/a", "Source": "x"},
        {"Destination": "/a", "Source": ""},
    ]
    networks = {"b": {"IPAddress": "2"}, "a": {"IPAddress": "1"}}
    labels = {"b": "", "a": ""}
    snap = snapshot_of(summary(Ports=BINDINGS, Mounts=mounts, NetworkSettings={"Networks": networks}, Labels=labels))
    assert snap.mounts["destination"].to_list() == ["/a", "/a", "/b"]
    assert snap.networks["network"].to_list() == ["a", "b"]
    assert snap.labels["key"].to_list() == ["a", "b"]
    assert snap.ports.select("type", "ip").rows() == [
        ("tcp", "0.0.0.0"), ("tcp", "0.0.0.0"), ("tcp", "192.168.0.9"), ("tcp", "::"), ("tcp", None), ("udp", "::"),
        ("sctp", "0.0.0.0"),
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
