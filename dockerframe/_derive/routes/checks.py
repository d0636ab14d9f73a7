"""The checks that a route must pass to be served (labels.md, section 13, rule 12)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._derive.routes.labels import ROUTE_ERROR
from dockerframe._derive.routes.middlewares import middleware_problems
from dockerframe._derive.routes.value_types import for_distinct, texts_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from dockerframe._derive.routes.values import RouteValues

HTTP_SCHEMES: Final = ("http", "https", "h2c")
_RESERVED_PORTS: Final = (80, 443, 8888)
_RULE_PRESETS: Final = ("webui.yml", "webui_dev.yml")
_TLS_PROTOCOLS: Final = frozenset({"tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3"})
_HTTPS_PORT: Final = 443
_WILDCARD_ADDRESSES: Final = ("0.0.0.0", "::")  # noqa: S104 - what a bind address is compared with

# What may not be in the host of a URL, in front of a path; and nowhere in a URL.
_NO_HOST: Final = r"^[^/?#]*[\x00-\x20\x7f\\^`{|}%]"
_CONTROL: Final = r"[\x00-\x1f\x7f]"

_SCHEME: Final = pl.col("scheme")
_IS_HTTP: Final = _SCHEME.is_in(HTTP_SCHEMES)
_IS_SERVED: Final = pl.col("excluded_reason").is_null()


class Check(NamedTuple):
    """A check: when a route fails it (Boolean), the fields that decide, and what to do.

    A check of a stage is only made where a route passes those of the earlier stages. `columns` are those that a
    failing route has; where no route of a fleet has any of them, the check is skipped.
    """

    name: str
    stage: int
    columns: tuple[str, ...]
    fails: pl.Expr
    fields: tuple[str, ...]
    message: str


def _url_host_is_bad(column: str) -> pl.Expr:
    """Whether a text can't be the host of a URL. With a colon it is put in brackets, and must be an IPv6 address."""
    host = pl.col(column)
    is_no_name = host.str.contains(_NO_HOST) | host.str.contains(_CONTROL)
    is_bad = pl.when(host.str.contains(":", literal=True)).then(for_distinct(column, _is_no_ipv6)).otherwise(is_no_name)
    return is_bad.fill_null(value=False)


def _is_no_ipv6(text: str) -> bool:
    try:
        return ip_address(text).version == 4 or "%" in text
    except ValueError:
        return True


def _has_bad_protocol(text: str) -> bool:
    return any(one.lower() not in _TLS_PROTOCOLS for one in texts_of(text) or ())


def _rule_file_is_bad() -> pl.Expr:
    file = pl.col("rule_file")
    scheme = file.str.extract(r"^([A-Za-z][A-Za-z0-9+.-]*):").str.to_lowercase()
    preset = file.str.extract(r"^[A-Za-z]+://([^/?#]*)")
    path = file.str.extract(r"^(?:[A-Za-z]+:(?://[^/?#]*)?)?([^?#]*)")
    # A file is looked for in one folder, so its name has no folder of its own.
    return (
        pl.when(scheme == "embed")
        .then(~preset.is_in(_RULE_PRESETS))
        .when(scheme.is_null() | (scheme == "file"))
        .then(path.str.contains(r"[/\\]|\.\."))
        .otherwise(file.is_not_null())
    )


_HEALTHCHECK_IS_OFF: Final = (
    (pl.col("healthcheck_disabled").fill_null(value=False) & pl.col("health").is_null())
    | (~pl.col("running") & ~pl.col("has_idle_timeout"))
    # A port that can't be reached counts here: GoDoxy looks at whether there is one.
    | (pl.col("port").is_null() & ~pl.col("has_idle_timeout") & ~pl.col("is_excluded"))
    | pl.col("container_name").str.starts_with("buildx_")
    | (pl.col("image_name") == "godoxy-agent").fill_null(value=False)
).fill_null(value=False)

CHECKS: Final = (
    Check("agent_on_docker", 1, ("agent",), pl.col("agent").is_not_null(), ("agent",),
          "agent is not for containers; connect the host through an agent instead"),
    Check("mtls_not_http", 2, ("inbound_mtls_profile",),
          pl.col("inbound_mtls_profile").is_not_null() & _SCHEME.is_in(["tcp", "udp"]), ("inbound_mtls_profile",),
          "inbound_mtls_profile needs an HTTP scheme"),
    Check("reserved_port", 3, ("target_port",),
          _IS_SERVED & ~pl.col("is_agent") & pl.col("target_host").is_in(["localhost", "127.0.0.1"])
          & pl.col("target_port").is_in(_RESERVED_PORTS) & _SCHEME.is_in([*HTTP_SCHEMES, "tcp"]), ("port", "host"),
          "ports 80, 443 and 8888 of this machine are the proxy's own; use another port"),
    Check("rules_and_rule_file", 4, ("rule_file",),
          pl.col("rules").is_not_null() & pl.col("rule_file").is_not_null(), ("rule_file",),
          "rules and rule_file can't both be set; remove one"),
    Check("rule_file", 4, ("rule_file",),
          pl.col("rules").is_null() & _rule_file_is_bad(), ("rule_file",),
          f"rule_file must be the name of a file, or embed:// with {' or '.join(_RULE_PRESETS)}"),
    Check("healthcheck_disabled", 4, ("load_balance_link", "idle_timeout"),
          (pl.col("load_balance_link").is_not_null() | pl.col("has_idle_timeout")) & _HEALTHCHECK_IS_OFF,
          ("healthcheck.disable", "load_balance.link"),
          "load balancing and idle settings need a health check; enable it, and start the container"),
    Check("relay_not_tcp", 4, ("relay_proxy_protocol_header",),
          pl.col("relay_proxy_protocol_header").fill_null(value=False) & (_SCHEME != "tcp"),
          ("relay_proxy_protocol_header",), "relay_proxy_protocol_header needs scheme tcp"),
    Check("tls_termination_not_tcp", 4, ("tls_termination",),
          pl.col("tls_termination").fill_null(value=False) & (_SCHEME != "tcp"), ("tls_termination",),
          "tls_termination needs scheme tcp"),
    Check("tls_termination_listener", 4, ("tls_termination",),
          _IS_SERVED & pl.col("tls_termination").fill_null(value=False) & (_SCHEME == "tcp")
          & ~((pl.col("listening_port") == _HTTPS_PORT).fill_null(value=False)
              & pl.col("bind").is_in(_WILDCARD_ADDRESSES).fill_null(value=True)),
          ("tls_termination", "port", "bind"),
          "tls_termination needs the shared HTTPS listener; write port 443:<port> without bind"),
    Check("bad_url", 4, ("labelled_host", "bind"),
          (~(_IS_SERVED & (_SCHEME == "fileserver")) & _url_host_is_bad("labelled_host"))
          | (_IS_SERVED & _url_host_is_bad("bind")),
          ("host", "bind"), "host and bind must be a host name or an IP address"),
    Check("fileserver_root", 5, ("labelled_scheme",),
          (_SCHEME == "fileserver") & ~pl.col("root").str.starts_with("/").fill_null(value=False), ("root", "scheme"),
          "scheme fileserver needs root, an absolute path"),
    Check("ssl_certificate", 5, ("ssl_certificate", "ssl_certificate_key"),
          _IS_HTTP & ~pl.col("is_agent")
          & (pl.col("ssl_certificate").is_null() != pl.col("ssl_certificate_key").is_null()),
          ("ssl_certificate", "ssl_certificate_key"), "ssl_certificate and ssl_certificate_key need each other"),
    Check("ssl_protocols", 6, ("ssl_protocols",),
          _IS_HTTP & ~pl.col("is_agent") & for_distinct("ssl_protocols", _has_bad_protocol), ("ssl_protocols",),
          "each of ssl_protocols must be tlsv1.0, tlsv1.1, tlsv1.2 or tlsv1.3"),
)  # fmt: skip
"""Every check but those of middlewares, which come last, in the order in which they are made."""

_MIDDLEWARE_STAGE: Final = 7
_FAILURE: Final = pl.Schema(
    {"route": pl.UInt32(), "stage": pl.Int32(), "check": pl.String(), "label": pl.String(), "message": pl.String()}
)


def failed_checks(
    routes: pl.DataFrame, values: RouteValues, emptied: pl.Series, known_middlewares: Collection[str] = ()
) -> pl.DataFrame:
    """The checks that routes fail: `row`, `alias`, `route` and the other columns of `ROUTE_ERROR`.

    `emptied` are the routes that no label sets a field of but an object without any text.

    `routes` has `row`, `alias`, `route`, the columns of `values.columns`, the derived target with its
    `excluded_reason`, and `container_name`, `image_name`, `running`, `health`, `has_idle_timeout` and `is_agent` of
    the container.
    """
    failures = [_emptied(routes.filter(pl.col("route").is_in(emptied.implode())))] if len(emptied) else []
    failures += [_failures(routes, check, values.labels) for check in CHECKS if _is_possible(routes, check)]
    if values.middlewares.height:
        failures.append(_middleware_failures(routes, values.middlewares, known_middlewares))
    found = pl.concat([_FAILURE.to_frame(), *failures])
    if found.is_empty():
        return found.select(*(pl.lit(None, dtype).alias(name) for name, dtype in ROUTE_ERROR.items()), "route")
    first = found.filter(pl.col("stage") == pl.col("stage").min().over("route"))
    numbered = first.join(routes.select("row", "alias", "route"), on="route", maintain_order="left")
    message = pl.format("The route {} is not served ({}): {}.", "alias", "check", "message")
    errors = numbered.sort("route", "check", "label", "message").select(
        "row", "alias", kind=pl.lit("invalid_route"), label="label", message=message, route="route"
    )
    return errors.unique(maintain_order=True)


def _is_possible(routes: pl.DataFrame, check: Check) -> bool:
    return any(routes[column].null_count() < routes.height for column in check.columns)


def _emptied(routes: pl.DataFrame) -> pl.DataFrame:
    """GoDoxy forgets the container of a route whose label is empty: it leads to the proxy itself."""
    message = "its label is empty, so it leads to port 80 of the proxy itself; remove the label"
    return routes.select(
        "route",
        stage=pl.lit(0, pl.Int32),
        check=pl.lit("reserved_port"),
        label=pl.format("proxy.{}", "alias"),
        message=pl.lit(message),
    )


def _failures(routes: pl.DataFrame, check: Check, labels: pl.DataFrame) -> pl.DataFrame:
    failing = routes.filter(check.fails).select("route")
    if failing.is_empty():
        return _FAILURE.to_frame()
    order = pl.col("name").replace_strict({name: n for n, name in enumerate(check.fields)}, return_dtype=pl.UInt8)
    names = labels.with_columns(pl.col("name").cast(pl.String))
    own = names.filter(pl.col("name").is_in(check.fields)).join(failing, on="route", how="semi")
    of_each = own.sort("route", order, "source_label").unique("route", keep="first", maintain_order=True)
    named = failing.join(of_each, on="route", how="left", maintain_order="left")
    return named.select(
        "route",
        stage=pl.lit(check.stage, pl.Int32),
        check=pl.lit(check.name),
        label="source_label",
        message=pl.lit(check.message),
    )


def _middleware_failures(routes: pl.DataFrame, options: pl.DataFrame, known: Collection[str]) -> pl.DataFrame:
    """What is wrong with middlewares, of the routes that have them: those of HTTP."""
    problems = middleware_problems(options, known)
    if problems.is_empty():
        return _FAILURE.to_frame()
    judged = routes.filter(_SCHEME.is_in([*HTTP_SCHEMES, "fileserver"]))["route"]
    return problems.filter(pl.col("route").is_in(judged.implode())).select(
        "route",
        stage=pl.lit(_MIDDLEWARE_STAGE, pl.Int32),
        check="check",
        label="label",
        message=pl.col("message").str.strip_suffix("."),
    )
