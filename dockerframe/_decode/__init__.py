"""From the bytes of an engine's answers to rows, without a Python object per container."""

from dockerframe._decode.bodies import Decoded, decode_bodies, encode_summaries
from dockerframe._decode.inspections import Inspected, decode_inspections, inspect_error

__all__ = ["Decoded", "Inspected", "decode_bodies", "decode_inspections", "encode_summaries", "inspect_error"]
