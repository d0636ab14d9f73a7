"""Snapshots in folders: all tables of one moment together, appearing whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._storage.tables import FORMATS, write_table
from dockerframe.errors import SnapshotError
from dockerframe.schemas import completed
from dockerframe.tables import OPTIONAL_TABLES, STORED_TABLES, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SNAPSHOT_FILE: Final = "snapshot.json"
HTML: Final = "html"
_LAYOUT: Final = 1
_TRIES: Final = 1_000
_FILES_AT_ONCE: Final = 2
_UNFINISHED: Final = ".unfinished-"
_CUT_OFF_SECONDS: Final = 24 * 3600


def write_snapshot(
    tables: Mapping[str, pl.DataFrame],
    described: Mapping[str, object],
    parent: str | os.PathLike[str],
    formats: Sequence[str],
    name: str,
    *,
    page: Callable[[], str],
    beside: Callable[[], Mapping[str, pl.DataFrame]],
) -> Path:
    """Write every table in every format into a new folder under `parent`, of a name or, if that is taken, the next one.

    The format `html` writes the one file `report.html`, which `page` gives. `described` is kept beside the tables, and
    so are the frames that `beside` gives, which are not read back; they are made while the tables are written. The
    folder is made under another name and renamed once all is on disk.

    Raises
    ------
    SnapshotError
        When a format is unknown, or something can't be written.
    """
    unknown = [one for one in formats if one not in (*FORMATS, HTML)]
    if unknown or not formats:
        named = f"There is no format {unknown[0]!r}." if unknown else "No format is named."
        raise SnapshotError(named, remedy=f"Use one or more of {', '.join((*FORMATS, HTML))}.")
    target = Path(parent)
    try:
        target.mkdir(parents=True, exist_ok=True)
        _remove_cut_off(target)
        making = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=target))
        try:
            _write_files(making, tables, beside, [one for one in dict.fromkeys(formats) if one != HTML])
            if HTML in formats:
                _write_bytes(making / "report.html", page().encode())
            document = {"layout": _LAYOUT, **described, "formats": list(dict.fromkeys(formats))}
            _write_bytes(making / SNAPSHOT_FILE, json.dumps(document, indent=2).encode())
            making.chmod(0o755)
            _sync_folder(making)
            return _rename(making, target, name)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        raise SnapshotError(
            f"{target}: {error.strerror or error}.", remedy="Name a folder that can be written."
        ) from error


def write_file(table: pl.DataFrame, path: str | os.PathLike[str], file_format: str) -> None:
    """Write one table into a file, whole or not at all; a file that is there is replaced.

    Raises
    ------
    SnapshotError
        When the format is unknown, or the file can't be written.
    """
    with replaced_file(path) as making:
        _write_file(making, table, file_format)


@contextmanager
def replaced_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A file to write into that takes the place of another once it is done; nothing changes if that fails.

    Raises
    ------
    SnapshotError
        When it can't be written.
    """
    target = Path(path)
    making = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        try:
            yield making
            making.replace(target)
        finally:
            making.unlink(missing_ok=True)
    except OSError as error:
        problem = f"{target}: {error.strerror or error}."
        raise SnapshotError(problem, remedy="Name a file that can be written.") from error


def read_tables(folder: str | os.PathLike[str]) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """The tables that `write_snapshot` wrote as Parquet, and what was kept beside them.

    Raises
    ------
    SnapshotError
        When it is no such folder, or of a layout that this version does not know.
    """
    path = Path(folder)
    try:
        described = json.loads((path / SNAPSHOT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SnapshotError(
            f"{path} is no snapshot: {error}.", remedy="Name a folder that Snapshot.write made."
        ) from error
    if described.get("layout") != _LAYOUT:
        raise SnapshotError(
            f"{path} has layout {described.get('layout')!r}.",
            remedy="Read it with the version of dockerframe that wrote it.",
        )
    try:
        names = [*TABLES, *(name for name in OPTIONAL_TABLES if (path / f"{name}.parquet").exists())]
        tables = {
            name: completed(pl.read_parquet(path / f"{name}.parquet"), STORED_TABLES[name].schema) for name in names
        }
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SnapshotError(
            f"{path} has no readable Parquet tables: {error}.", remedy="Write the snapshot with formats=['parquet']."
        ) from error
    return tables, described


def _remove_cut_off(parent: Path) -> None:
    """Take away what writers that were killed left behind, once it is too old for anybody to be writing it."""
    for folder in parent.glob(f"{_UNFINISHED}*"):
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > _CUT_OFF_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _write_files(
    folder: Path,
    tables: Mapping[str, pl.DataFrame],
    beside: Callable[[], Mapping[str, pl.DataFrame]],
    formats: Sequence[str],
) -> None:
    """Write every table in every format. Each has stretches on one processor, and waits for the disk."""

    def write(table: tuple[str, pl.DataFrame]) -> None:
        name, frame = table
        for file_format in formats:
            _write_file(folder / f"{name}.{file_format}", frame, file_format)

    with ThreadPoolExecutor(_FILES_AT_ONCE, thread_name_prefix="dockerframe-write") as threads:
        written = threads.map(write, tables.items())
        list(chain(written, threads.map(write, beside().items())))


def _write_file(path: Path, table: pl.DataFrame, file_format: str) -> None:
    with path.open("wb") as stream:
        write_table(table, stream, file_format)
        stream.flush()
        os.fsync(stream.fileno())


def _write_bytes(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk too, where the system can open a folder for it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(making: Path, parent: Path, name: str) -> Path:
    """Give the folder its name, or the next free one: two reports may finish within a second."""
    for number in range(1, _TRIES):
        final = parent / (name if number == 1 else f"{name}-{number}")
        if final.exists():
            continue
        try:
            making.rename(final)
        except OSError:
            if final.exists():
                continue
            raise
        _sync_folder(parent)
        return final
    raise SnapshotError(f"{parent} has {_TRIES} snapshots of {name}.", remedy="Remove some of them.")
