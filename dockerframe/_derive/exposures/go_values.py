"""Texts that Go programs read as typed values: which texts they accept, and what each means.

Every function takes one text and is bounded: callers run them over distinct values only.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final, NamedTuple

import polars as pl
from polars.exceptions import ComputeError

TRUE_TEXTS: Final = ("1", "t", "T", "TRUE", "true", "True")
FALSE_TEXTS: Final = ("0", "f", "F", "FALSE", "false", "False")

LONGEST_PATTERN: Final = 4096
"""Longer regular expressions are refused without compiling them."""

LONGEST_URL: Final = 4096

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_DURATION: Final = re.compile(r"[+-]?(?:(?:[0-9]{1,18}(?:\.[0-9]*)?|\.[0-9]{1,18})(?:ns|us|µs|μs|ms|s|m|h))+")
_UNITS: Final = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9}
_PART: Final = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|s|m|h)")
_LARGEST: Final = 2**63 - 1
_NOT_IN_GO: Final = re.compile(r"\\[uU<>]|\(\?[a-zA-Z-]*[xuR]")
_ESCAPED_OR_CLASS: Final = re.compile(r"\\.|\[\^?\]?[^\]]*\]", re.DOTALL)
_COUNT: Final = r"\{[0-9]+(?:,[0-9]*)?\}"
_REPEATED_TWICE: Final = re.compile(rf"(?:[*+?]|{_COUNT})(?:\?(?:[*+?]|{_COUNT})|[*+]|{_COUNT})")
_LITERAL_BRACE: Final = re.compile(r"(\\.|\{[0-9]+(?:,[0-9]*)?\})|\{", re.DOTALL)
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_NAME_OF_HOST: Final = re.compile(r"[^\x00-\x20\"<>\\^`{|}\x7f\[\]%:/?#@]*")
_SIX: Final = re.compile(r"\[([0-9A-Fa-f:.]*(?:%25[A-Za-z0-9._~-]+)?)\]")


class Target(NamedTuple):
    """Where a URL points: `port` is null where it is larger than a port can be."""

    scheme: str
    host: str
    port: int | None


def boolean(text: str) -> bool | None:
    """What Go's `strconv.ParseBool` reads; null where it refuses the text."""
    return True if text in TRUE_TEXTS else False if text in FALSE_TEXTS else None


def integer(text: str) -> int | None:
    """What Go reads as a 64-bit integer; null where it refuses the text."""
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -_LARGEST - 1 <= number <= _LARGEST else None


def duration(text: str) -> int | None:
    """Nanoseconds; a number without a unit counts seconds. Null where Traefik refuses the text."""
    number = integer(text)
    if number is not None:
        return number * _UNITS["s"]
    if text in {"0", "+0", "-0"}:
        return 0
    if not _DURATION.fullmatch(text):
        return None
    return _nanoseconds(text)


def _nanoseconds(text: str) -> int | None:
    total = 0
    for amount, unit in _PART.findall(text):
        whole, _, fraction = amount.partition(".")
        size = _UNITS.get(unit, 3600 * 10**9)
        total += int(whole or 0) * size + int(fraction or 0) * size // 10 ** len(fraction)
    if total > _LARGEST:
        return None
    return -total if text.startswith("-") else total


@lru_cache(maxsize=4096)
def is_pattern(text: str) -> bool:
    """Whether Go compiles a text as a regular expression.

    Go and Rust share their syntax (RE2) but for a few extras of Rust, and braces that Go takes literally.
    """
    if len(text) > LONGEST_PATTERN or _NOT_IN_GO.search(text):
        return False
    if _REPEATED_TWICE.search(_ESCAPED_OR_CLASS.sub("x", text)):
        return False
    try:
        pl.Series([""]).str.contains(rust_pattern(text), strict=True)
    except ComputeError:
        return False
    return True


def rust_pattern(text: str) -> str:
    r"""A regular expression of Go, as Rust reads it.

    Examples
    --------
    >>> print(rust_pattern("{a}[0-9]{2}"))
    \{a}[0-9]{2}
    """
    return _LITERAL_BRACE.sub(lambda found: found.group(1) or r"\{", text)


def is_address_range(text: str) -> bool:
    """Whether a text is an IP address or a network in CIDR notation, as Go parses them."""
    address, slash, length = text.partition("/")
    if "%" in address or (slash and not (length.isascii() and length.isdigit())):
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def target_of_url(url: str) -> Target | None:
    """Scheme, host and port of a server's URL; null where Go does not parse it.

    Examples
    --------
    >>> target_of_url("https://1.2.3.4/x")
    Target(scheme='https', host='1.2.3.4', port=443)
    >>> target_of_url("http://1.2.3.4:8080:80") is None
    True
    """
    if len(url) > LONGEST_URL or any(letter < " " or letter == "\x7f" for letter in url):
        return None
    found = _SCHEME.fullmatch(url)
    if found is None:
        # Without a scheme, Go takes a text for a path, in whose first part a colon has no place.
        return None if ":" in url.split("/", 1)[0] else Target("", "", None)
    scheme, rest = found.group(1).lower(), found.group(2)
    if not rest.startswith("//"):
        return Target(scheme, "", None)
    return _target(scheme, re.split(r"[/?#]", rest[2:], maxsplit=1)[0].rpartition("@")[2])


def _target(scheme: str, authority: str) -> Target | None:
    bracketed = _SIX.match(authority)
    host, rest = (bracketed.group(1), authority[bracketed.end() :]) if bracketed else _parted(authority)
    if not bracketed and not _NAME_OF_HOST.fullmatch(host):
        return None
    if rest and not re.fullmatch(r":[0-9]*", rest):
        return None
    digits = rest[1:]
    if not digits:
        return Target(scheme, host, 443 if scheme == "https" else 80)
    port = int(digits[:19])
    return Target(scheme, host, port if port < 2**16 else None)


def _parted(authority: str) -> tuple[str, str]:
    host, colon, port = authority.rpartition(":")
    return (host, colon + port) if colon else (authority, "")
