"""Dialects: between the JSON of the wire and the neutral events of `voxwire.events`.

    handshake ── detect ──▶ Variant ──▶ WireCodec, one a connection
                                          │
    text frame ──▶ decode ──▶ ga.requests │ preview.requests ──▶ ClientEvent
                              (shared_…, sent_items: shared; faults: ClientError)
    text frame ◀── encode ◀── ga.events   │ preview.events   ◀── ServerEvent
                              (bodies, wire: shared; preview.projection: 2024-10-01)

- `model_names`: names that clients of the official service carry
- `variant`, `detect`: which dialect a connection speaks (protocol: connecting, Dialect of a connection)
- `wire_codec`: one connection: the two ways, and the late switch from preview to GA
- `ga`, `preview`: what is particular to each, independent of each other
- `shared_requests`, `sent_items`, `shared_settings`: JSON from clients, as strict msgspec structs
  that convert themselves
- `plain_append`: the one of them that comes fifty times a second, read on a way of its own
- `nulls`, `shapes`: nulls that count as fields left out; what a schema looks like from inside
- `bodies`: JSON to clients, from neutral events
- `surrogates`: halves of surrogate pairs, which JSON can say and UTF-8 cannot
- `wire`: base64, the JSON encoder, the template for audio deltas
- `faults`: what a decoder found wrong → the one error that the client sees
- `unsupported`: what is valid and cannot be done here: left out of the event and handed on as values
"""

from voxwire.dialects.detect import detect
from voxwire.dialects.variant import Dialect, Variant
from voxwire.dialects.wire_codec import WireCodec

__all__ = ["Dialect", "Variant", "WireCodec", "detect", "model_names"]
