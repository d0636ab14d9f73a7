"""Rules about images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.audit.rule import rule

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables


@rule(
    severity="low",
    source="CIS Docker Benchmark 5.28: a known version of the image",
    remedy="Name the version, or better the digest, that was tested.",
)
def latest_tag(fleet: FleetTables) -> pl.LazyFrame:
    """An image with the tag `latest`, or with none.

    The same reference is another image tomorrow. A digest makes up for it.
    """
    found = fleet.containers.filter((pl.col("image_tag") == "latest") & pl.col("image_digest").is_null())
    return found.select(
        *KEYS,
        message=pl.lit("What its image is changes with every pull."),
        evidence=pl.format("containers.image: {}", "image"),
    )


@rule(
    severity="low",
    source="labels.md, section 2: the engine shows an id where the name has gone to another image",
    remedy="Create the container again from a named image.",
)
def image_without_name(fleet: FleetTables) -> pl.LazyFrame:
    """An image that is known by its id alone.

    Its name has moved on to a newer image, so that the container runs an old one; or it never had one.
    """
    return fleet.containers.filter(pl.col("image_name").is_null() & pl.col("image").is_not_null()).select(
        *KEYS,
        message=pl.lit("Its image has no name any more: the container was not created again after a pull."),
        evidence=pl.format("containers.image: {}", "image"),
    )


@rule(
    severity="medium",
    source="one reference should be one image",
    remedy="Pull the reference on all hosts and create the containers again, or pin the digest.",
)
def tag_with_several_images(fleet: FleetTables) -> pl.LazyFrame:
    """One image reference that is different images on different containers.

    Images of different processor architectures differ rightly: only hosts of the same one are compared.
    """
    arch = fleet.hosts.select("host", "arch")
    known = fleet.containers.filter(pl.col("image_name").is_not_null() & pl.col("image_id").is_not_null())
    images = known.select(*KEYS, "image", "image_id").join(arch, on="host", how="left")
    several = (
        images.group_by("image", "arch")
        .agg(pl.col("image_id").n_unique().alias("images"), pl.col("host").unique().sort().alias("hosts"))
        .filter(pl.col("images") > 1)
        .select(
            "image",
            "arch",
            message=pl.format("{} is {} different images across the fleet.", "image", "images"),
            found_on=pl.col("hosts").list.head(5).list.join(", "),
        )
    )
    return images.join(several, on=["image", "arch"], nulls_equal=True).select(
        *KEYS, "message", evidence=pl.format("containers.image_id: {}; hosts: {}", "image_id", "found_on")
    )


@rule(
    severity="info",
    source="labels.md, section 2: org.opencontainers.image.version",
    remedy="Build the image with the label org.opencontainers.image.version.",
)
def no_version_label(fleet: FleetTables) -> pl.LazyFrame:
    """An image that does not say its version."""
    return fleet.containers.filter(pl.col("image_version").is_null()).select(
        *KEYS,
        message=pl.lit("Its image does not say its version."),
        evidence=pl.lit("labels.org.opencontainers.image.version: none"),
    )
