"""A whole fleet of Docker hosts as Polars frames.

import dockerframe as dkf

snap = dkf.Fleet.from_file("fleet.yml").snapshot()
snap.containers
"""

import logging as _logging
import sys as _sys
from importlib import import_module as _import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockerframe._api import *  # noqa: F403 - type checkers see the public names

# A library prints nothing; the program that uses it decides.
_logging.getLogger("dockerframe").addHandler(_logging.NullHandler())

__version__ = "0.1.0"


if not TYPE_CHECKING:  # a type checker would take any name for public

    def __getattr__(name: str) -> object:
        """Import the public names when the first one is used: the command line shows its help without Polars."""
        api = _import_module("dockerframe._api")
        if name == "__all__":
            return sorted([*api.__all__, "__version__"])
        if name in api.__all__:
            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Show public names only."""
    return [*_import_module("dockerframe._api").__all__, "__version__"]


if "polars" in _sys.modules:
    # Adds `df.docker`. Without Polars there is no frame yet; the first name that is used adds it then.
    _import_module("dockerframe.expr")
