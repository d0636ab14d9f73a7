"""From the answers to `GET /containers/{id}/json` to rows of the table `inspections`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from dockerframe._budget import DOCUMENT_BYTES
from dockerframe._decode.density import Density, density
from dockerframe._decode.times import time_of_text
from dockerframe._foreign import process_apart
from dockerframe.schemas import ERRORS, INSPECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT: Final = pl.String()
_TEXTS: Final = pl.List(_TEXT)
_NUMBER: Final = pl.Int64()
_FLAG: Final = pl.Boolean()
_WIRE: Final = pl.Struct(
    {
        "State": pl.Struct(
            {
                "ExitCode": _NUMBER,
                "OOMKilled": _FLAG,
                "Error": _TEXT,
                "StartedAt": _TEXT,
                "FinishedAt": _TEXT,
                "Health": pl.Struct(
                    {
                        "FailingStreak": _NUMBER,
                        "Log": pl.List(pl.Struct({"ExitCode": _NUMBER, "Output": _TEXT})),
                    }
                ),
            },
        ),
        "RestartCount": _NUMBER,
        "AppArmorProfile": _TEXT,
        "HostConfig": pl.Struct(
            {
                "Privileged": _FLAG,
                "CapAdd": _TEXTS,
                "CapDrop": _TEXTS,
                "SecurityOpt": _TEXTS,
                "ReadonlyRootfs": _FLAG,
                "Memory": _NUMBER,
                "CpuShares": _NUMBER,
                "NanoCpus": _NUMBER,
                "CpuQuota": _NUMBER,
                "CpuPeriod": _NUMBER,
                "PidsLimit": _NUMBER,
                "RestartPolicy": pl.Struct({"Name": _TEXT, "MaximumRetryCount": _NUMBER}),
                "PidMode": _TEXT,
                "IpcMode": _TEXT,
                "UTSMode": _TEXT,
                "UsernsMode": _TEXT,
                "CgroupParent": _TEXT,
                "Runtime": _TEXT,
                "LogConfig": pl.Struct({"Type": _TEXT}),
                "Devices": pl.List(pl.Struct({"PathOnHost": _TEXT})),
                "DeviceRequests": pl.List(
                    pl.Struct({"Driver": _TEXT, "Count": _NUMBER, "DeviceIDs": _TEXTS, "Capabilities": pl.List(_TEXTS)})
                ),
                "Ulimits": pl.List(pl.Struct({"Name": _TEXT})),
            }
        ),
        "Config": pl.Struct(
            {
                "User": _TEXT,
                "Env": _TEXTS,
                "Healthcheck": pl.Struct({"Test": _TEXTS}),
                "ExposedPorts": pl.Map(_TEXT, pl.Struct({"_": _TEXT})),
            }
        ),
    }
)
# Microseconds; what the engine takes where none is set.
_DEFAULT_PERIOD: Final = 100_000


class Inspected(NamedTuple):
    """Rows of the table `inspections`, and rows of `errors` for containers whose answer could not be read."""

    inspections: pl.DataFrame
    errors: pl.DataFrame


def decode_inspections(answers: pl.DataFrame) -> Inspected:
    """Decode answers: `host`, `container_id`, `answer` (String, JSON). An answer that can't be read costs itself alone.

    Examples
    --------
    >>> import polars as pl
    >>> body = '{"HostConfig": {"Privileged": true, "Memory": 0, "CapAdd": ["CAP_SYS_ADMIN"]}, "Config": {"User": ""}}'
    >>> row = pl.DataFrame({"host": ["a"], "container_id": ["1"], "answer": [body]})
    >>> decode_inspections(row).inspections.select("privileged", "memory_limit", "cap_add").row(0)
    (True, None, ['SYS_ADMIN'])
    """
    is_within = answers["answer"].map_elements(_is_within_budget, return_dtype=pl.Boolean())
    parts, broken = process_apart(answers.filter(is_within), _rows)
    refused = [answers.filter(~is_within), *(part.rows for part in broken)]
    errors = [
        inspect_error(host, container_id, "inspect_failed", "The engine's answer is not an inspection.")
        for host, container_id, _ in pl.concat(refused).iter_rows()
    ]
    return Inspected(pl.concat([INSPECTIONS.empty(), *parts]), pl.DataFrame(errors, schema=ERRORS.schema))


def _is_within_budget(answer: str) -> bool:
    """Whether an answer may be parsed: one that is real has some kilobytes, and is not full of empty objects."""
    return len(answer) <= DOCUMENT_BYTES and density(answer.encode())[0] is not Density.refused


def inspect_error(host: str, container_id: str, kind: str, message: str) -> Mapping[str, str | None]:
    """A row of the table `errors` for a container that could not be inspected."""
    return {"host": host, "container_id": container_id, "kind": kind, "label": None, "message": message}


def _rows(answers: pl.DataFrame) -> pl.DataFrame:
    decoded = answers.select("host", "container_id", pl.col("answer").str.json_decode(_WIRE).alias("of"))
    state, host, config = (pl.col("of").struct.field(name).struct for name in ("State", "HostConfig", "Config"))
    policy, health = host.field("RestartPolicy").struct, state.field("Health").struct
    last_check = health.field("Log").list.last().struct
    period = _limit(host.field("CpuPeriod")).fill_null(_DEFAULT_PERIOD)
    quota = _limit(host.field("CpuQuota")) * 1_000_000_000 // period
    names = pl.element().str.split("=").list.first()
    rows = decoded.select(
        "host",
        "container_id",
        user=config.field("User").fill_null(""),
        privileged=host.field("Privileged").fill_null(value=False),
        cap_add=_capabilities(host.field("CapAdd")),
        cap_drop=_capabilities(host.field("CapDrop")),
        security_opt=host.field("SecurityOpt").fill_null([]),
        apparmor_profile=pl.col("of").struct.field("AppArmorProfile").fill_null(""),
        read_only_root=host.field("ReadonlyRootfs").fill_null(value=False),
        memory_limit=_limit(host.field("Memory")),
        cpu_shares=_limit(host.field("CpuShares")),
        nano_cpus=pl.coalesce(_limit(host.field("NanoCpus")), quota),
        pids_limit=_limit(host.field("PidsLimit")),
        restart_policy=policy.field("Name").replace("", "no").fill_null("no"),
        restart_retries=policy.field("MaximumRetryCount").fill_null(0),
        restart_count=pl.col("of").struct.field("RestartCount").fill_null(0),
        pid_mode=host.field("PidMode").fill_null(""),
        ipc_mode=host.field("IpcMode").fill_null(""),
        uts_mode=host.field("UTSMode").fill_null(""),
        userns_mode=host.field("UsernsMode").fill_null(""),
        cgroup_parent=host.field("CgroupParent").fill_null(""),
        devices=host.field("Devices").list.eval(pl.element().struct.field("PathOnHost")).fill_null([]),
        device_requests=host.field("DeviceRequests").list.eval(_device_request(pl.element().struct)).fill_null([]),
        runtime=host.field("Runtime").fill_null(""),
        log_driver=host.field("LogConfig").struct.field("Type").fill_null(""),
        ulimits=host.field("Ulimits").list.eval(pl.element().struct.field("Name")).fill_null([]),
        environment=config.field("Env").list.eval(names).fill_null([]),
        healthcheck=config.field("Healthcheck").struct.field("Test"),
        exposed_ports=config.field("ExposedPorts").map.keys().fill_null([]),
        exit_code=state.field("ExitCode"),
        oom_killed=state.field("OOMKilled").fill_null(value=False),
        state_error=_given(state.field("Error")),
        health_exit_code=last_check.field("ExitCode"),
        health_output=last_check.field("Output"),
        failing_streak=health.field("FailingStreak"),
        started_at=time_of_text(state.field("StartedAt")),
        finished_at=time_of_text(state.field("FinishedAt")),
    )
    return INSPECTIONS.conform(rows)


def _capabilities(names: pl.Expr) -> pl.Expr:
    return names.list.eval(pl.element().str.to_uppercase().str.strip_prefix("CAP_")).fill_null([])


def _device_request(request: pl.expr.struct.ExprStructNameSpace) -> pl.Expr:
    """A request for devices as text: `cdi: vendor.example/gpu=0`, `gpu: all`, `nvidia: 2`."""
    capability = request.field("Capabilities").list.first().list.join("+")
    driver = pl.coalesce(_given(request.field("Driver")), _given(capability), pl.lit("device"))
    count = request.field("Count")
    number = pl.when(count < 0).then(pl.lit("all")).otherwise(count.cast(pl.String))
    devices = pl.coalesce(_given(request.field("DeviceIDs").list.join(", ")), number, pl.lit("all"))
    return pl.format("{}: {}", driver, devices)


def _given(text: pl.Expr) -> pl.Expr:
    """A text; null where it is empty."""
    return pl.when(text != "").then(text)


def _limit(number: pl.Expr) -> pl.Expr:
    """A limit; null where the engine sends 0 or less, which means unlimited."""
    return pl.when(number > 0).then(number)
