"""Image references, by their grammar `[registry/]path[:tag][@digest]` (labels.md, section 2)."""

from __future__ import annotations

from typing import Final

import polars as pl

from dockerframe._derive.evaluation import once_per_distinct
from dockerframe._derive.labels import label

VERSION_LABEL: Final = "org.opencontainers.image.version"

_REFERENCE: Final = r"^(?:(?P<author>.*)/)?(?P<name>[^/:@]*)(?::(?P<tag>[^/@]*))?(?:@(?P<digest>.*))?$"
_NO_NAME: Final = r"^(?:sha256:.*|[0-9a-f]{64}|<none>.*|)$"
_SHORT_ID: Final = r"^[0-9a-f]{7,63}$"

_PARTS: Final = pl.Struct(
    {
        "image_name": pl.String(),
        "image_author": pl.String(),
        "image_tag": pl.String(),
        "image_registry": pl.String(),
        "image_digest": pl.String(),
    }
)
_NAMES: Final = tuple(_PARTS.to_schema())
_COULD_BE_ID: Final = "could_be_id"
_PARTS_OR_ID: Final = pl.Struct({**_PARTS.to_schema(), _COULD_BE_ID: pl.Boolean()})


def image() -> pl.Expr:
    """The parts of the image reference, as a struct.

    Reads `image` and `image_id` (String), gives `image` (Struct of the Strings `image_name`,
    `image_author`, `image_tag`, `image_registry` and `image_digest`): as columns with `.struct.unnest()`. An image
    that is an id, empty or `<none>` has only nulls. Source: labels.md, section 2.

    Examples
    --------
    >>> import polars as pl
    >>> images = ["registry.local:5000/team/app:2", "redis", "94f13e7f708d"]
    >>> frame = pl.DataFrame({"image": images, "image_id": ["sha256:ab", "sha256:cd", "sha256:94f13e7f708ddeea"]})
    >>> frame.select(image().struct.unnest()).rows()
    [('app', 'registry.local:5000/team', '2', 'registry.local:5000', None), ('redis', 'library', 'latest', None, None),
     (None, None, None, None, None)]
    """
    return pl.struct("image", "image_id").map_batches(_parts, return_dtype=_PARTS).alias("image")


def _parts(images: pl.Series) -> pl.Series:
    rows = images.struct.unnest()
    parts = (image_name(), image_author(), image_tag(), image_registry(), image_digest())
    could_be_id = pl.col("image").str.contains(_SHORT_ID).alias(_COULD_BE_ID)
    found = rows.with_columns(once_per_distinct(pl.col("image"), [*parts, could_be_id], _PARTS_OR_ID).struct.unnest())
    # A container that is created from an id: the image is the beginning of its own id.
    if found[_COULD_BE_ID].any():
        is_id = pl.col(_COULD_BE_ID) & image_sha256().str.starts_with(pl.col("image"))
        found = found.with_columns(pl.when(~is_id.fill_null(value=False)).then(name).alias(name) for name in _NAMES)
    return found.select(pl.struct(_NAMES)).to_series()


def image_name() -> pl.Expr:
    """The last path component. Reads `image`, gives `image_name` (String). Source: labels.md, section 2."""
    return _unless_id(_part("name")).alias("image_name")


def image_author() -> pl.Expr:
    """The part before the name, registry included, else `library`.

    Reads `image`, gives `image_author` (String). Source: labels.md, section 2.
    """
    return _unless_id(_part("author").fill_null("library")).alias("image_author")


def image_tag() -> pl.Expr:
    """The tag, else `latest`. Reads `image`, gives `image_tag` (String). Source: labels.md, section 2."""
    return _unless_id(_part("tag").fill_null("latest")).alias("image_tag")


def image_registry() -> pl.Expr:
    """The registry; null when the reference names none.

    Reads `image`, gives `image_registry` (String). Source: labels.md, section 2.
    """
    first = _unless_id(_part("author").str.extract(r"^([^/]*)"))
    return pl.when(first.str.contains(r"[.:]") | (first == "localhost")).then(first).alias("image_registry")


def image_digest() -> pl.Expr:
    """The digest; null when the reference has none. Reads `image`, gives `image_digest` (String)."""
    return _unless_id(_part("digest")).alias("image_digest")


def image_sha256() -> pl.Expr:
    """The image id without its algorithm; empty when it has none.

    Reads `image_id` (String), gives `image_sha256` (String). Source: labels.md, section 2.

    Examples
    --------
    >>> import polars as pl
    >>> pl.DataFrame({"image_id": ["sha256:ab12", "ab12", None]}).select(image_sha256()).to_series().to_list()
    ['ab12', '', '']
    """
    return pl.col("image_id").str.splitn(":", 2).struct.field("field_1").fill_null("").alias("image_sha256")


def image_version() -> pl.Expr:
    """The label `org.opencontainers.image.version`; null without it.

    Reads `labels` (Map), gives `image_version` (String). Source: labels.md, section 2.
    """
    return label(VERSION_LABEL).alias("image_version")


def _part(name: str) -> pl.Expr:
    return pl.col("image").str.extract_groups(_REFERENCE).struct.field(name)


def _unless_id(part: pl.Expr) -> pl.Expr:
    """The engine sends an id in place of a reference once the tag has moved on to another image."""
    return pl.when(~pl.col("image").str.contains(_NO_NAME)).then(part)
