"""How much foreign data may cost: every bound on what hosts and containers send, in one place.

Two kinds of senders are bounded. Anyone in control of a host controls its complete answers: an answer past the budget
is an error of that host. Anyone who can start a container controls its labels, ports, mounts and networks: what is past
the budget is left out of that container, with a row in `errors`, and all other containers keep their rows.

The table in SECURITY.md states these figures for users; `tests/properties/test_budget.py` measures them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Budget:
    """What one answer may hold. The defaults are far from what an honest engine sends.

    Attributes
    ----------
    containers
        Containers in the answer of one host; more fail the host.
    labels, ports, mounts, networks, names
        Entries of one container; further ones are left out and reported. A container that publishes all 65,535 ports
        on IPv4 and IPv6 has 131,070 ports.

    Examples
    --------
    >>> Budget(labels=100).entries()["Labels"]
    100
    """

    containers: int = 200_000
    labels: int = 10_000
    ports: int = 150_000
    mounts: int = 10_000
    networks: int = 10_000
    names: int = 1_000

    def entries(self) -> dict[str, int]:
        """The bounds per container, by the name that an engine has for the field."""
        return {
            "Labels": self.labels,
            "Ports": self.ports,
            "Mounts": self.mounts,
            "Networks": self.networks,
            "Names": self.names,
        }

    def containers_within(self, size: int) -> int:
        """How many containers an answer of `size` bytes may hold: one that is real takes at least 64 bytes.

        Examples
        --------
        >>> Budget().containers_within(0), Budget().containers_within(4 * 2**20), Budget().containers_within(2**28)
        (10000, 75536, 200000)
        """
        return min(self.containers, _FREE_CONTAINERS + size // BYTES_PER_CONTAINER)


DEFAULT_BUDGET: Final = Budget()

ANSWER_BYTES: Final = 2**28
"""Bytes of one answer (256 MB); the default of `Host.max_answer_bytes`."""

GATHER_BYTES: Final = 2**32
"""Bytes of the answers of all hosts that one gather holds (4 GB); hosts that answer later fail with `too_large`."""

HELD_BYTES: Final = 2**26
"""Bytes of answers that wait for their turn while a fleet is read in pieces (64 MB)."""

DOCUMENT_BYTES: Final = 2**22
"""Bytes of an answer that becomes Python objects, such as `/info` and `/version`."""

BYTES_PER_CONTAINER: Final = 64
_FREE_CONTAINERS: Final = 10_000

BYTES_PER_OBJECT: Final = 16
"""An answer with more objects and arrays than one per so many bytes, and `FREE_OBJECTS`, is refused."""

FREE_OBJECTS: Final = 10_000

NUMBER_DIGITS: Final = 100
"""Digits of a number. Python takes quadratic time for thousands; no column holds more than 39."""

LABEL_NAME_BYTES: Final = 1_024
"""How long the name of a route label may be: four times a domain name."""

WILDCARD_FIELDS: Final = 1_000_000
"""How many fields the wildcards of all labels together may set."""

YAML_NODES: Final = 10_000
YAML_LEVELS: Final = 32
"""Nodes of one YAML text after its aliases are expanded, and its levels; also the most dots in the name of a label."""

SEARCHED_CHARACTERS: Final = 2**15
"""How much of a text is searched for secrets; the rest is never shown."""

SHOWN_CHARACTERS: Final = 2_000
"""Characters of one line of text for people."""

ERROR_ROWS: Final = 20
"""Broken containers of a host that have rows of their own; where there are more, one row has their number."""

SALVAGE_SECONDS: Final = 5.0
SALVAGE_SECONDS_PER_BYTE: Final = 0.2 / 2**20
"""Seconds of processor time to read an answer with broken containers one by one, and for each of its bytes."""

MEMORY_BYTES: Final = 2**26
MEMORY_PER_BYTE: Final = 40
"""Memory that an answer may take while it is decoded: a fixed part, and bytes for each byte received."""


class Deadline:
    """An amount of processor time of this thread, after which work on the data of one host stops.

    A busy machine, or a clock that is set, does not fail a host.

    Examples
    --------
    >>> Deadline(seconds=60).has_passed(), Deadline(seconds=0).has_passed()
    (False, True)
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.thread_time() + seconds

    def has_passed(self) -> bool:
        """Whether the time is up."""
        return time.thread_time() >= self._end


def salvage_deadline(size: int) -> Deadline:
    """The deadline for reading an answer of `size` bytes container by container."""
    return Deadline(SALVAGE_SECONDS + SALVAGE_SECONDS_PER_BYTE * size)
