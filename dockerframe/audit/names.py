"""Names that people know containers by."""

from __future__ import annotations

import polars as pl

from dockerframe._derive.labels import first_characters

_ID_LENGTH = 12


def name_or_short_id() -> pl.Expr:
    """The name of a container; the first characters of its id where it has no name.

    Reads `container_name` and `container_id`, gives a String; null where there is no container.
    """
    nameless = pl.col("container_name").fill_null("") == ""
    # Few have no name: only their ids are cut.
    short_id = first_characters(pl.when(nameless).then("container_id"), _ID_LENGTH)
    return pl.when(nameless).then(short_id).otherwise("container_name")
