"""Which wire a connection speaks."""

from enum import Enum

import msgspec


class Dialect(Enum):
    """A family of wire shapes (protocol: dialects, The dialects)."""

    GA = "ga"
    PREVIEW = "preview"
    VOICE_LIVE = "voice_live"
    """Preview with the settings of Azure's Voice Live, and unknown keys (protocol: dialects, Voice Live)."""


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """What the handshake says about a connection (protocol: connecting, Dialect of a connection).

    `projection` asks for the 2024-10-01 preview: its own `response.create` fields, and replies
    within the closed sets of its clients. `transcription` opens a transcription session.
    `late_switch` marks a connection that took preview by its path alone: until its first
    `session.update` the client may still show that it speaks GA. `transcription_deltas`: clients of
    this preview are known to know `conversation.item.input_audio_transcription.delta`.
    """

    dialect: Dialect
    projection: bool = False
    transcription: bool = False
    late_switch: bool = False
    transcription_deltas: bool = False
