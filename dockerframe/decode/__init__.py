"""From the bytes of `GET /containers/json` to rows, without a Python object a container."""

from dockerframe.decode.bodies import Decoded, decode_bodies, encode_summaries

__all__ = ["Decoded", "decode_bodies", "encode_summaries"]
