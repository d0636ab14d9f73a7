"""Idle settings (labels.md, section 11): only where `proxy.idle_timeout` is above zero and all of them are valid."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

import polars as pl

from dockerframe._derive.columns.durations import go_duration
from dockerframe._derive.evaluation import only_where
from dockerframe._derive.labels import boolean, non_empty_label
from dockerframe.schemas import DURATION

STOP_METHODS: Final = ("pause", "stop", "kill")
STOP_SIGNALS: Final = tuple(prefix + name for prefix in ("SIG", "") for name in ("INT", "TERM", "KILL", "QUIT", "HUP"))
IDLE_TIMEOUT_LABEL: Final = "proxy.idle_timeout"

_ABSOLUTE_PATH: Final = r"^/(?:[^%\x00-\x1f\x7f]|%[0-9A-Fa-f]{2})*$"
_NO_TIME: Final = pl.duration()


class IdleSetting(NamedTuple):
    """One idle setting: its name, the value of its text, the default, and what a valid text is.

    `is_typed` is whether a text may be of the wrong type; such a text is an error even without an idle watcher.
    """

    name: str
    value: pl.Expr
    default: pl.Expr
    valid: str
    is_typed: bool

    @property
    def label(self) -> str:
        """The name of the label that holds the setting."""
        return f"proxy.{self.name}"

    @property
    def text(self) -> pl.Expr:
        """The text of the label; null without it and where it is empty."""
        return non_empty_label(self.label)

    @property
    def is_bad(self) -> pl.Expr:
        """Whether there is a text that is not valid (Boolean)."""
        bad = self.text.is_not_null() & self.value.is_null()
        return bad if self.is_typed else bad & ~_is_off()


def _is_off() -> pl.Expr:
    """Whether the idle timeout is zero or negative: then there is no idle watcher."""
    return (go_duration(non_empty_label(IDLE_TIMEOUT_LABEL)) <= _NO_TIME).fill_null(value=False)


def _duration(name: str, default: timedelta | None) -> IdleSetting:
    value = go_duration(non_empty_label(f"proxy.{name}"))
    return IdleSetting(name, value, pl.lit(default, DURATION), "a duration such as 90s, 5m or 1h30m", is_typed=True)


def _choice(name: str, choices: tuple[str, ...], default: str) -> IdleSetting:
    text = non_empty_label(f"proxy.{name}")
    value = pl.when(text.is_in(choices)).then(text)
    return IdleSetting(name, value, pl.lit(default), f"one of {', '.join(choices)}", is_typed=False)


def _start_endpoint() -> IdleSetting:
    path = non_empty_label("proxy.start_endpoint").str.replace(r"#.*$", "")
    value = pl.when(path.str.contains(_ABSOLUTE_PATH)).then(path)
    return IdleSetting("start_endpoint", value, pl.lit(""), "an absolute path such as /start", is_typed=False)


def _no_loading_page() -> IdleSetting:
    value = boolean(non_empty_label("proxy.no_loading_page"))
    return IdleSetting("no_loading_page", value, pl.lit(value=False), "true or false", is_typed=True)


IDLE_SETTINGS: Final = (
    _duration("idle_timeout", None),
    _duration("wake_timeout", timedelta(minutes=3)),
    _duration("stop_timeout", timedelta(minutes=1)),
    _choice("stop_method", STOP_METHODS, "stop"),
    _choice("stop_signal", STOP_SIGNALS, ""),
    _start_endpoint(),
    _no_loading_page(),
)

_SETTINGS: Final = pl.Struct(
    {
        "idle_timeout": DURATION,
        "wake_timeout": DURATION,
        "stop_timeout": DURATION,
        "stop_method": pl.String(),
        "stop_signal": pl.String(),
        "start_endpoint": pl.String(),
        "no_loading_page": pl.Boolean(),
    }
)


def idle_settings() -> pl.Expr:
    """The idle settings as typed fields, all null where a container is never put to sleep.

    Reads `labels` (Map); gives `idle` (Struct of `idle_timeout`, `wake_timeout`, `stop_timeout`: Duration,
    `stop_method`, `stop_signal`, `start_endpoint`: String, and `no_loading_page`: Boolean): as columns with
    `.struct.unnest()`. One bad value makes all of them null, and is an error of kind `invalid_idle`. Source:
    labels.md, section 11.

    Examples
    --------
    >>> import polars as pl
    >>> schema = {"labels": pl.Map(pl.String(), pl.String())}
    >>> frame = pl.DataFrame({"labels": [{"proxy.idle_timeout": "1h30m", "proxy.stop_timeout": "10s"}]}, schema=schema)
    >>> idle = frame.select(idle_settings().struct.unnest())
    >>> idle.select("idle_timeout", "wake_timeout", "stop_timeout").row(0)
    (datetime.timedelta(seconds=5400), datetime.timedelta(seconds=180), datetime.timedelta(seconds=10))
    """
    is_on = ~pl.any_horizontal(_is_off(), *(setting.is_bad for setting in IDLE_SETTINGS))
    settings = [
        pl.when(is_on).then(pl.coalesce(_unless_zero(setting), setting.default)).alias(setting.name)
        for setting in IDLE_SETTINGS
    ]
    return only_where(["labels"], has_idle_timeout(), settings, _SETTINGS).alias("idle_settings")


def has_idle_timeout() -> pl.Expr:
    """Whether `proxy.idle_timeout` is present and not empty (Boolean): without it the other labels mean nothing."""
    return non_empty_label(IDLE_TIMEOUT_LABEL).is_not_null()


def _unless_zero(setting: IdleSetting) -> pl.Expr:
    """The value of a setting; a timeout of zero stands for its default."""
    is_time = setting.name in {"wake_timeout", "stop_timeout"}
    return pl.when(setting.value != _NO_TIME).then(setting.value) if is_time else setting.value
