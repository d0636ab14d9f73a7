"""The table `exposures` as texts that other programs read."""

from __future__ import annotations

import json
from typing import Final

import polars as pl

_NOT_A_NAME: Final = r"[*{}\s]"


def file_sd(exposures: pl.DataFrame) -> str:
    r"""Targets for Prometheus' `file_sd_configs`: an entry per served target, with the fleet's names as labels.

    Examples
    --------
    >>> from dockerframe._derive.exposures import EXPOSURES
    >>> file_sd(EXPOSURES.empty())
    '[]\n'
    """
    found = (
        exposures.lazy()
        .filter(
            pl.col("excluded_reason").is_null() & pl.col("target_port").is_not_null() & (pl.col("protocol") != "udp")
        )
        .with_columns(_target().alias("target"))
        .select("target", "host", "container_name", pl.col("proxy").cast(pl.String), "router", "scheme")
        .unique()
        .sort("host", "container_name", "proxy", "router", "target")
        .collect()
    )
    entries = [
        {
            "targets": [row["target"]],
            "labels": {
                "docker_host": row["host"],
                "container": row["container_name"] or "",
                "proxy": row["proxy"],
                "router": row["router"] or "",
                "__scheme__": "https" if row["scheme"] == "https" else "http",
            },
        }
        for row in found.iter_rows(named=True)
    ]
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def hosts(exposures: pl.DataFrame) -> str:
    """The served host names, one per line, sorted; patterns are left out.

    Examples
    --------
    >>> from dockerframe._derive.exposures import EXPOSURES
    >>> hosts(EXPOSURES.empty())
    ''
    """
    return "".join(f"{name}\n" for name in _names(exposures)["hostname"].unique().sort())


def homepage(exposures: pl.DataFrame) -> str:
    r"""Services for homepage, in YAML: a group per host, a link per container.

    Texts are written as JSON strings, which YAML reads as they are.

    Examples
    --------
    >>> from dockerframe._derive.exposures import EXPOSURES
    >>> homepage(EXPOSURES.empty())
    '[]\n'
    """
    named = (
        _names(exposures)
        .sort("host", "container_name", "hostname")
        .unique(["host", "container_name"], keep="first", maintain_order=True)
    )
    if named.is_empty():
        return "[]\n"
    lines: list[str] = []
    for (host,), own in named.group_by(["host"], maintain_order=True):
        lines.append(f"- {_text(host)}:")
        for name, url in own.select("container_name", "url").iter_rows():
            lines += [f"    - {_text(name or '')}:", f"        href: {_text(url)}"]
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=True)


def _target() -> pl.Expr:
    host = pl.col("target_host")
    is_six = host.str.contains(":", literal=True)
    bracketed = pl.when(is_six).then(pl.format("[{}]", host)).otherwise(host)
    return pl.format("{}:{}", bracketed, "target_port")


def _names(exposures: pl.DataFrame) -> pl.DataFrame:
    """The served host names that are ones: `host`, `container_name`, `hostname`, `url`."""
    scheme = pl.when(pl.col("tls").fill_null(value=True)).then(pl.lit("https")).otherwise(pl.lit("http"))
    path = pl.col("paths").list.first().str.strip_suffix("*").fill_null("/")
    return (
        exposures.lazy()
        .filter(pl.col("excluded_reason").is_null() & (pl.col("protocol") == "http"))
        .select("host", "container_name", "hostnames", scheme.alias("scheme"), path.alias("path"))
        .explode("hostnames", empty_as_null=False, keep_nulls=False)
        .rename({"hostnames": "hostname"})
        .filter(~pl.col("hostname").str.contains(_NOT_A_NAME) & (pl.col("hostname") != ""))
        .with_columns(pl.format("{}://{}{}", "scheme", "hostname", "path").alias("url"))
        .collect()
    )
