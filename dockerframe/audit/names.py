"""Names that people know containers by."""

from __future__ import annotations

import polars as pl

from dockerframe._derive.labels import first_characters

_ID_LENGTH = 12


def name_or_short_id() -> pl.Expr:
    """The name of a container; the first characters of its id where it has no name.

    Reads `container_name` and `container_id`, gives a String; null where there is no container.
    """
    has_name = pl.col("container_name").fill_null("") != ""
    return pl.when(has_name).then("container_name").otherwise(first_characters(pl.col("container_id"), _ID_LENGTH))
