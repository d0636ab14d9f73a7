"""Compose projects: orphans and services of two configurations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rules.fleets import PROJECT, SERVICE, evidence, fleet, found, names, service

FILES = "com.docker.compose.project.config_files"
FOLDER = "com.docker.compose.project.working_dir"
HASH = "com.docker.compose.config-hash"


def of_files(name: str, files: str, created: int, folder: str | None = None, **own: Any) -> dict[str, Any]:
    labels = {SERVICE: name, FILES: files, **({FOLDER: folder} if folder else {}), **own.pop("Labels", {})}
    return service(name, Created=created, Labels=labels, **own)


def test_a_service_in_none_of_the_current_files_is_an_orphan() -> None:
    snap = fleet(of_files("old", "/old.yml", 1), of_files("new", "/new.yml", 2))
    assert found(snap, "orphan-of-project") == [("low", f"labels.{FILES}: /old.yml")]
    assert names(snap, "orphan-of-project") == {"old"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("/a/compose.yml",), ("/a/compose.yml",)),
        # An override file, as `docker compose -f … -f …` and dev containers add them.
        (("/a/compose.yml",), ("/a/compose.yml,/a/compose.override.yml",)),
        (("/a/compose.yml,/a/dev.yml",), ("/a/compose.yml,/tmp/devcontainercli/features-17000.yml",)),
        # Portainer's folder per version.
        (("/data/compose/7/docker-compose.yml",), ("/data/compose/7/v2/docker-compose.yml",)),
        (("/data/compose/7/v2/docker-compose.yml",), ("/data/compose/7/v11/docker-compose.yml",)),
        # The case of a drive letter, and slashes.
        ((r"C:\app\docker-compose.yml",), (r"c:\app\docker-compose.yml",)),
        ((r"c:\app\docker-compose.yml",), ("c:/app/docker-compose.yml",)),
        # Relative and absolute.
        (("compose.yml", "/a"), ("/a/compose.yml", "/a")),
        (("./compose.yml", "/a/"), ("/a/compose.yml", "/a")),
        # Another folder, which Compose does not record.
        (("/a/compose.yml", "/a"), ("/a/compose.yml", "/b")),
        (("/a//compose.yml",), ("/a/compose.yml",)),
        (("/a/compose.yml, /a/b.yml",), ("/a/b.yml",)),
    ],
)
def test_the_same_file_under_another_name_makes_no_orphans(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    def of(name: str, given: tuple[str, ...], created: int) -> dict[str, Any]:
        return of_files(name, given[0], created, *given[1:])

    assert evidence(fleet(of("a", first, 1), of("b", second, 2)), "orphan-of-project") == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("compose.yml", "/a"), ("compose.yml", "/b")),
        (("/a/compose.yml", "/a"), ("/b/compose.yml", "/b")),
        (("/data/compose/7/docker-compose.yml",), ("/data/compose/8/docker-compose.yml",)),
        ((r"c:\app\docker-compose.yml",), (r"d:\app\docker-compose.yml",)),
    ],
)
def test_another_file_makes_orphans(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    older, newer = of_files("a", first[0], 1, *first[1:]), of_files("b", second[0], 2, *second[1:])
    assert names(fleet(older, newer), "orphan-of-project") == {"a"}


def test_an_orphan_is_judged_by_its_service_project_and_host() -> None:
    older, newer = of_files("a", "/old.yml", 1), of_files("b", "/new.yml", 2)
    # The current files have the service as well.
    assert evidence(fleet(older, newer, of_files("c", "/new.yml", 3, Labels={SERVICE: "a"})), "orphan-of-project") == []
    # It is a one-off, which neither is an orphan nor makes others orphans.
    one_off = {"Labels": {"com.docker.compose.oneoff": "True"}}
    assert evidence(fleet(of_files("a", "/old.yml", 1, **one_off), newer), "orphan-of-project") == []
    assert evidence(fleet(older, of_files("b", "/new.yml", 2, **one_off)), "orphan-of-project") == []
    # It is another project.
    assert evidence(fleet(older, of_files("b", "/new.yml", 2, Labels={PROJECT: "own"})), "orphan-of-project") == []
    # Its files are not known.
    unknown = service("b", Created=2, Labels={SERVICE: "b"})
    assert evidence(fleet(older, unknown), "orphan-of-project") == []


def test_config_drift() -> None:
    drift = fleet(service("a", Labels={HASH: "1" * 64}), service("b", Labels={HASH: "2" * 64}))
    assert found(drift, "config-drift") == [("medium", f"labels.{HASH}: {number * 12}") for number in "12"]
    for labels in (
        {HASH: "2", SERVICE: "web"},
        {HASH: "2", PROJECT: "own"},
        {HASH: "2", "com.docker.compose.oneoff": "True"},
        {HASH: "1"},
        {},
    ):
        assert evidence(fleet(service("a", Labels={HASH: "1"}), service("b", Labels=labels)), "config-drift") == []
