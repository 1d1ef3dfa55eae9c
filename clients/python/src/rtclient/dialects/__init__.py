"""JSON of the wire and the models of this library, in both directions.

The models have the shapes of the preview; `dialects.ga` translates what differs.
"""

from rtclient.dialects.codec import Codec, Outgoing, PreviewCodec

__all__ = ["Codec", "Outgoing", "PreviewCodec"]
