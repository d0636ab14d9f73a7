"""Snapshots in folders: all tables of one moment together. A folder appears when it is complete, or not at all.

`snapshot.json` lists how many rows each table has. A folder with a file that is missing, damaged or shorter than that
is an error which names the file.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from dockerframe._decode.documents import parse_document
from dockerframe._foreign import POLARS_ERRORS
from dockerframe._storage.tables import FORMATS, write_table
from dockerframe.errors import SnapshotError
from dockerframe.schemas import completed
from dockerframe.tables import STORED_TABLES, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SNAPSHOT_FILE: Final = "snapshot.json"
HTML: Final = "html"
_LAYOUT: Final = 1
_TRIES: Final = 1_000
_FILES_AT_ONCE: Final = 2
_UNFINISHED: Final = ".unfinished-"
_ABANDONED_SECONDS: Final = 24 * 3600
_PRECEDENCES: Final = ("alias", "wildcard", "explicit")
_UNREADABLE: Final[tuple[type[BaseException], ...]] = (OSError, *POLARS_ERRORS)
_RESTORE: Final = "Write the snapshot again, or restore the folder from a backup."

FIRST_TABLES: Final = frozenset(
    {
        "hosts", "containers", "routes", "route_fields", "ports", "mounts", "networks", "labels", "dependencies",
        "errors",
    }
)  # fmt: skip
"""The tables of version 0.1, which did not record which tables it wrote."""


def write_snapshot(
    tables: Mapping[str, pl.DataFrame],
    described: Mapping[str, object],
    parent: str | os.PathLike[str],
    formats: Sequence[str],
    name: str,
    *,
    page: Callable[[], str],
    results: Callable[[], Mapping[str, pl.DataFrame]],
) -> Path:
    """Write every table in every format into a new folder under `parent`, with a name or, if it is taken, the next one.

    The format `html` writes the file `report.html`, which `page` returns. `described` is kept in `snapshot.json`. The
    frames that `results` returns are written too, but not read back; they are made while the tables are written. The
    folder has another name until everything is on disk.

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
        _remove_abandoned(target)
        making = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=target))
        try:
            _write_files(making, tables, results, [one for one in dict.fromkeys(formats) if one != HTML])
            if HTML in formats:
                _write_bytes(making / "report.html", page().encode())
            rows = {name: table.height for name, table in tables.items()}
            document = {"layout": _LAYOUT, **described, "formats": list(dict.fromkeys(formats)), "rows": rows}
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
    """Write one table into a file, completely or not at all; an existing file is replaced.

    Raises
    ------
    SnapshotError
        When the format is unknown, or the file can't be written.
    """
    with replaced_file(path) as making:
        _write_file(making, table, file_format)


def write_metrics(text: str, path: str | os.PathLike[str]) -> None:
    """Write the text of metrics into a file, completely or not at all: a collector may read it at any time.

    Any number of threads, processes and machines may write the same file.

    Raises
    ------
    SnapshotError
        When the file can't be written.
    """
    with replaced_file(path) as making:
        making.write_text(text, encoding="utf-8")


@contextmanager
def replaced_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new file to write into; it replaces the one at `path` at the end of the block, unless the block fails.

    Its name is random, so that writers in other threads, in containers with the same process id, and on other machines
    have other files.

    Raises
    ------
    SnapshotError
        When it can't be written.
    """
    target = Path(path)
    making = target.with_name(f"{_UNFINISHED}{secrets.token_hex(16)}")
    try:
        # Not with `mkstemp`, whose files nobody else can read.
        making.touch(exist_ok=False)
        try:
            yield making
            making.replace(target)
        finally:
            making.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        problem = f"{target}: {getattr(error, 'strerror', None) or error}."
        raise SnapshotError(problem, remedy="Name a file that can be written.") from error


def read_tables(folder: str | os.PathLike[str]) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """The tables that `write_snapshot` wrote as Parquet, and what was kept with them. An earlier version wrote fewer.

    `taken_at` is a time with its time zone as text, `precedence` a known one, and `explicit_only` a list of texts.

    Raises
    ------
    SnapshotError
        When a file is missing, damaged or changed, or of a layout that this version does not know; names the file.
    """
    path = Path(folder)
    described = _described(path)
    names = _written_tables(path, described)
    tables = {name: _read_table(path / f"{name}.parquet", name, described) for name in names}
    return tables, described


def scan_tables(folders: Sequence[Path], name: str) -> pl.LazyFrame:
    """One table of many folders of snapshots, lazily.

    Raises
    ------
    SnapshotError
        When there is no such table, or a file of it is missing, damaged or has not as many rows as were written.
    """
    if name not in STORED_TABLES:
        raise SnapshotError(f"There is no table {name!r}.", remedy=f"Use one of {', '.join(STORED_TABLES)}.")
    schema = STORED_TABLES[name].schema
    described = {folder: _described(folder) for folder in folders}
    holding = {folder: one for folder, one in described.items() if name in _written_tables(folder, one)}
    without = next((folder for folder in folders if folder not in holding), None)
    if name in TABLES and without is not None:
        raise SnapshotError(
            f"{without} has no table {name}: an earlier version wrote it.",
            remedy="Read it with dockerframe.read_snapshot, which derives the table, and write it again.",
        )
    files = [folder / f"{name}.parquet" for folder in holding]
    if not files:
        return pl.LazyFrame(schema=schema)
    for file in files:
        if not file.is_file():
            raise SnapshotError(f"{file} is missing.", remedy=_RESTORE)
    expected = [one.get("rows", {}).get(name) for one in holding.values()]
    try:
        # Row counts come from the footers of all files, which are read in parallel.
        found = pl.scan_parquet(files).select(pl.len()).collect().item()
    except _UNREADABLE:
        found = None
    if found is None or (None not in expected and found != sum(expected)):
        for folder, one in holding.items():
            _read_table(folder / f"{name}.parquet", name, one)
    return completed(pl.scan_parquet(files, missing_columns="insert"), schema)


def _described(folder: Path) -> dict[str, Any]:
    """What `snapshot.json` holds, checked.

    Raises
    ------
    SnapshotError
        When it is missing or damaged.
    """
    file = folder / SNAPSHOT_FILE
    try:
        described = parse_document(file.read_bytes())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SnapshotError(
            f"{folder} is not a snapshot: {file}: {reason}.", remedy="Name a folder that Snapshot.write made."
        ) from error
    if not isinstance(described, dict):
        raise SnapshotError(f"{file} is not a JSON object.", remedy=_RESTORE)
    if described.get("layout") != _LAYOUT:
        raise SnapshotError(
            f"{file} has layout {described.get('layout')!r}.",
            remedy="Read it with the version of dockerframe that wrote it.",
        )
    for key, is_valid in _VALID.items():
        if not is_valid(described.get(key)):
            raise SnapshotError(f"{file}: {key} is missing or has a wrong value.", remedy=_RESTORE)
    return described


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_row_counts(value: object) -> bool:
    return value is None or (isinstance(value, dict) and all(type(one) is int for one in value.values()))


_VALID: Final[Mapping[str, Callable[[object], bool]]] = {
    "taken_at": _is_time,
    "precedence": lambda value: value in _PRECEDENCES,
    "explicit_only": _is_list_of_texts,
    "formats": lambda value: value is None or _is_list_of_texts(value),
    "rows": _is_row_counts,
}


def _written_tables(folder: Path, described: Mapping[str, Any]) -> list[str]:
    """The tables that the folder must have as Parquet.

    Raises
    ------
    SnapshotError
        When the snapshot was not written as Parquet.
    """
    if "parquet" not in (described.get("formats") or ["parquet"]):
        problem = f"{folder} has no readable Parquet tables: it was written as {', '.join(described['formats'])}."
        raise SnapshotError(problem, remedy="Write the snapshot with formats=['parquet'].")
    if (rows := described.get("rows")) is not None:
        return [name for name in STORED_TABLES if name in FIRST_TABLES or name in rows]
    present = {file.stem for file in folder.glob("*.parquet")}
    return [name for name in STORED_TABLES if name in FIRST_TABLES or name in present]


def _read_table(file: Path, name: str, described: Mapping[str, Any]) -> pl.DataFrame:
    """One table, with its types and number of rows checked; columns that an earlier version did not have are null.

    Raises
    ------
    SnapshotError
        When it is missing, damaged or changed.
    """
    table = STORED_TABLES[name]
    try:
        frame = pl.read_parquet(file, glob=False)
    except FileNotFoundError as error:
        raise SnapshotError(f"{file} is missing.", remedy=_RESTORE) from error
    except _UNREADABLE as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise SnapshotError(f"{file} is not a readable Parquet file: {reason}.", remedy=_RESTORE) from error
    for column, dtype in table.schema.items():
        if column in table.key and column not in frame.columns:
            raise SnapshotError(f"{file} has no column {column}.", remedy=_RESTORE)
        if frame.schema.get(column, dtype) != dtype:
            problem = f"{file}: the column {column} has the type {frame.schema[column]}, not {dtype}."
            raise SnapshotError(problem, remedy=_RESTORE)
    rows = (described.get("rows") or {}).get(name)
    if rows is not None and rows != frame.height:
        raise SnapshotError(f"{file} has {frame.height} rows, but {rows} were written.", remedy=_RESTORE)
    return completed(frame, table.schema)


def _remove_abandoned(parent: Path) -> None:
    """Remove what writers that were killed left behind, once it is too old for any writer to be still at work."""
    for path in parent.glob(f"{_UNFINISHED}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime <= _ABANDONED_SECONDS:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def _write_files(
    folder: Path,
    tables: Mapping[str, pl.DataFrame],
    results: Callable[[], Mapping[str, pl.DataFrame]],
    formats: Sequence[str],
) -> None:
    """Write every table in every format, two at a time: while one waits for the disk, the other has the processor."""

    def write(table: tuple[str, pl.DataFrame]) -> None:
        name, frame = table
        for file_format in formats:
            _write_file(folder / f"{name}.{file_format}", frame, file_format)

    with ThreadPoolExecutor(_FILES_AT_ONCE, thread_name_prefix="dockerframe-write") as threads:
        written = threads.map(write, tables.items())
        list(chain(written, threads.map(write, results().items())))


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
    """Write the names in a folder to the disk, on systems that can open a folder for it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(making: Path, parent: Path, name: str) -> Path:
    """Give the folder its name, or the next free one: two reports may finish in the same second."""
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
