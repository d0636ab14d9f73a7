"""Images: tags that move, tags that are several images, versions."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import dockerframe as dkf
from tests.unit.rules.fleets import SERVICE, STOPPED, evidence, fleet, found, has_column, one, service, two_hosts

ID = "sha256:" + "0" * 64
DIGEST_A, DIGEST_B = ("sha256:" + mark * 64 for mark in "ab")


@pytest.mark.parametrize(
    ("image", "fires"),
    [
        ("nginx", True),
        ("nginx:latest", True),
        ("ghcr.io/me/app:latest", True),
        ("registry:5000/app", True),
        ("nginx:1.27", False),
        ("nginx:latest@" + DIGEST_A, False),
        ("nginx@" + DIGEST_A, False),
        (ID, False),
    ],
)
def test_latest_tag(image: str, fires: bool) -> None:
    assert found(fleet(one(Image=image)), "latest-tag") == ([("low", f"containers.image: {image}")] if fires else [])


@pytest.mark.parametrize(
    ("image", "fires"), [("shop-api", False), ("shop_api", False), ("shop-web", True), ("me/shop-api", True), ("shop-api:latest", False)]
)  # fmt: skip
def test_an_image_that_compose_built_is_never_pulled(image: str, fires: bool) -> None:
    assert len(evidence(fleet(service("a", Image=image)), "latest-tag")) == fires


@pytest.mark.parametrize(
    ("image", "fires"),
    [
        (ID, True),
        ("395f941d86f7", False),
        ("", False),
        ("<none>", False),
        ("nginx@" + DIGEST_A, False),
        ("nginx", False),
    ],
)
def test_an_image_whose_tag_moved_on(image: str, fires: bool) -> None:
    snap = fleet(one(Image=image))
    assert found(snap, "image-without-name") == ([("low", f"containers.image: {image}")] if fires else [])


def pair(first: dict[str, Any], second: dict[str, Any], **own: Any) -> dkf.Snapshot:
    return two_hosts(
        one(**{"Image": "nginx:1", "ImageID": DIGEST_A, **first}),
        one(**{"Image": "nginx:1", "ImageID": DIGEST_B, **second}),
        **own,
    )


def test_one_tag_that_is_two_images() -> None:
    found_here = found(pair({}, {}), "tag-with-several-images")
    assert found_here == [("medium", f"containers.image_id: {one_id}; hosts: a, b") for one_id in (DIGEST_A, DIGEST_B)]


@pytest.mark.parametrize(
    ("first", "second", "own"),
    [
        ({"ImageID": DIGEST_B}, {}, {}),
        ({}, {"Image": "nginx:2"}, {}),
        ({}, {}, {"arch": ("x86_64", "arm64")}),
        ({**STOPPED}, {}, {}),
        ({}, {**STOPPED}, {}),
        ({"ImageID": ""}, {"ImageID": ""}, {}),
    ],
)
def test_one_tag_is_one_image(first: dict[str, Any], second: dict[str, Any], own: dict[str, Any]) -> None:
    assert evidence(pair(first, second, **own), "tag-with-several-images") == []


def test_an_image_that_compose_built_differs_rightly() -> None:
    built = [service("web", Image="shop-api", ImageID=digest) for digest in (DIGEST_A, DIGEST_B)]
    assert evidence(two_hosts(*built), "tag-with-several-images") == []
    pulled = [
        service("web", Image="shop-web", ImageID=digest, Labels={SERVICE: "api"}) for digest in (DIGEST_A, DIGEST_B)
    ]
    assert len(evidence(two_hosts(*pulled), "tag-with-several-images")) == 2


def with_stores(snap: dkf.Snapshot, *stores: str | None) -> dkf.Snapshot:
    return snap.with_tables({"hosts": snap.hosts.with_columns(pl.Series("image_store", stores, pl.String))})


def test_images_are_not_compared_across_stores() -> None:
    assert evidence(with_stores(pair({}, {}), "containerd", "graph driver"), "tag-with-several-images") == []
    assert len(evidence(with_stores(pair({}, {}), "containerd", "containerd"), "tag-with-several-images")) == 2


@pytest.mark.skipif(not has_column("platform"), reason="the column platform is not derived yet")
def test_the_platform_of_an_image_shows_the_store() -> None:
    descriptor = {"ImageManifestDescriptor": {"platform": {"os": "linux", "architecture": "amd64"}}}
    assert evidence(pair(descriptor, {}), "tag-with-several-images") == []
    assert len(evidence(pair(descriptor, descriptor), "tag-with-several-images")) == 2


def images(*rows: tuple[str, str, list[str]]) -> pl.DataFrame:
    schema = {"host": pl.String(), "image_id": pl.String(), "repo_digests": pl.List(pl.String())}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize(
    ("of_a", "of_b", "number"),
    [
        (["nginx@sha256:1"], ["nginx@sha256:1"], 0),
        (["nginx@sha256:1"], ["nginx@sha256:2"], 2),
        # The list has one of several digests, and mirrors have names of their own.
        (["nginx@sha256:1"], ["mirror.example.com/nginx@sha256:1", "nginx@sha256:0"], 0),
        # Without a digest it was built on the host.
        (["nginx@sha256:1"], [], 0),
        ([], [], 0),
    ],
)
def test_digests_of_the_registry_count_where_they_are_known(of_a: list[str], of_b: list[str], number: int) -> None:
    snap = pair({}, {}).with_tables({})
    tables = {**snap.tables, "images": images(("a", DIGEST_A, of_a), ("b", DIGEST_B, of_b))}
    (rule,) = (one_rule for one_rule in dkf.BUILTIN_RULES if one_rule.id == "tag-with-several-images")
    result = dkf.audit.run_rules(tables, dkf.Registry([rule]), snap.audit_settings, snap.taken_at)
    assert result.findings.height == number


def test_no_version_label() -> None:
    rule = "no-version-label"
    assert found(fleet(one()), rule) == [("info", "labels.org.opencontainers.image.version: not set")]
    assert evidence(fleet(one(Labels={"org.opencontainers.image.version": "1"})), rule) == []
    assert evidence(fleet(one(Image="nginx@" + DIGEST_A)), rule) == []
