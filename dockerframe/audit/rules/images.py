"""Rules about images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from dockerframe._derive.labels import KEYS
from dockerframe.audit.images import is_local_build
from dockerframe.audit.rule import Registry

if TYPE_CHECKING:
    from dockerframe.audit.fleet_tables import FleetTables

rules: Final = Registry()

_SHOWN_HOSTS: Final = 5


@rules.rule(
    severity="low",
    source="a tag can move to another image",
    remedy="Name the version that was tested, or better its digest.",
)
def latest_tag(fleet: FleetTables) -> pl.LazyFrame:
    """An image has the tag `latest` or no tag.

    The next pull may bring another version. It does not fire for a digest, for an image given by its id, and for images
    that Compose built on the host (`<project>-<service>`), which are never pulled.
    """
    is_latest = (pl.col("image_tag") == "latest") & pl.col("image_digest").is_null()
    found = fleet.containers.filter(is_latest & ~is_local_build())
    return found.select(
        *KEYS,
        message=pl.lit("The next pull may bring another version of its image."),
        evidence=pl.format("containers.image: {}", "image"),
    )


@rules.rule(
    severity="low",
    source="Docker shows an id when the tag belongs to another image",
    remedy="Recreate the container (`docker compose up -d`) to run the image that the tag belongs to now.",
)
def image_without_name(fleet: FleetTables) -> pl.LazyFrame:
    """A container runs an image whose tag belongs to another image now.

    The image was pulled or built again, and the container was not recreated. It does not fire for containers that were
    created from a short id, and for the infrastructure containers of Podman's pods, which have no image name.
    """
    return fleet.containers.filter(pl.col("image").str.contains(r"^sha256:[0-9a-f]{64}$")).select(
        *KEYS,
        message=pl.lit("The tag of its image belongs to another image now."),
        evidence=pl.format("containers.image: {}", "image"),
    )


@rules.rule(
    severity="medium",
    source="one reference should be one image",
    remedy="Pull the reference on all hosts and recreate the containers, or pin the digest.",
)
def tag_with_several_images(fleet: FleetTables) -> pl.LazyFrame:
    """Running containers have different images under one reference.

    Hosts that pulled the tag at different times run different versions. Images are compared by their digest in the
    registry where it is known (the table `images`), else by their id.

    It does not fire across processor architectures, across image stores (the id of one image is another one in
    containerd's store than in a graph driver's), for containers that do not run, for images without a digest where
    digests are known, and for images that Compose built on the host.
    """
    running = fleet.containers.filter(
        pl.col("running") & pl.col("image_name").is_not_null() & pl.col("image_id").is_not_null() & ~is_local_build()
    )
    by_id = ["image", "arch", "store"]
    # Most references are one image: only the others are looked at more closely.
    several = running.group_by("image").agg(pl.col("image_id").n_unique().alias("ids")).filter(pl.col("ids") > 1)
    suspects = _with_identity(
        fleet,
        running.select(*KEYS, "image", "image_id")
        .join(several, on="image", how="semi")
        .join(_stores(fleet), on="host", how="left"),
    )
    found_on = pl.col("host").unique().sort().head(_SHOWN_HOSTS).str.join(", ")
    different = (
        suspects.group_by(by_id)
        .agg(pl.col("identity").n_unique().alias("images"), found_on.alias("found_on"))
        .filter(pl.col("images") > 1)
        .with_columns(message=pl.format("{} is {} different images across the fleet.", "image", "images"))
    )
    return suspects.join(different, on=by_id, nulls_equal=True).select(
        *KEYS, "message", evidence=pl.format("containers.image_id: {}; hosts: {}", "image_id", "found_on")
    )


def _with_identity(fleet: FleetTables, images: pl.LazyFrame) -> pl.LazyFrame:
    """Images with what they are compared by, as `identity`: their digest where it is known, else their id."""
    if "images" not in fleet.gathered:
        return images.with_columns(identity="image_id")
    known = images.join(_digests(fleet), on=["host", "image_id"], how="left").with_columns(
        pl.when("digests_known").then(pl.lit("registry")).otherwise("store").alias("store"),
        pl.when("digests_known").then("digest").otherwise("image_id").alias("identity"),
    )
    return known.filter(pl.col("identity").is_not_null())


def _stores(fleet: FleetTables) -> pl.LazyFrame:
    """The processor architecture and the image store of each host: `host`, `arch`, `store`.

    Only containerd's store sends the platform of an image (API 1.48 and up).
    """
    is_containerd = pl.col("platform").is_not_null().any().alias("is_containerd")
    by_platform = pl.when("is_containerd").then(pl.lit("containerd")).otherwise(pl.lit("graph driver"))
    return fleet.hosts.join(fleet.containers.group_by("host").agg(is_containerd), on="host", how="left").select(
        "host", "arch", pl.coalesce("image_store", by_platform).alias("store")
    )


def _digests(fleet: FleetTables) -> pl.LazyFrame:
    """The registry's digest of images, as far as hosts were asked: `host`, `image_id`, `digests_known`, `digest`.

    Engines list one of several digests: of those of an image the one that most hosts have stands for it.
    """
    digests = (
        fleet.images.select("host", "image_id", pl.col("repo_digests").alias("digest"))
        .explode("digest", empty_as_null=True, keep_nulls=True)
        .with_columns(pl.col("digest").str.extract(r"@(.+)$"))
    )
    spread = pl.col("host").n_unique().over("digest")
    return (
        digests.with_columns(pl.when(pl.col("digest").is_not_null()).then(spread).alias("spread"))
        .sort("spread", "digest", descending=[True, False], nulls_last=True)
        .group_by("host", "image_id")
        .agg(pl.col("digest").first())
        .with_columns(digests_known=pl.lit(value=True))
    )


@rules.rule(
    severity="info",
    source="labels.md, section 2: org.opencontainers.image.version",
    remedy="Build the image with the label org.opencontainers.image.version.",
)
def no_version_label(fleet: FleetTables) -> pl.LazyFrame:
    """An image does not name its version.

    What runs under a tag such as `latest` can't be seen from the container. It does not fire for images that are
    pinned by a digest.
    """
    missing = pl.col("image_version").is_null() & pl.col("image_digest").is_null()
    return fleet.containers.filter(missing).select(
        *KEYS,
        message=pl.lit("Its image does not name its version."),
        evidence=pl.lit("labels.org.opencontainers.image.version: not set"),
    )
