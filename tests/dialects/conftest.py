"""Codecs of every variant, as fixtures."""

import pytest
from dialect_samples import FIRST, GA, PREVIEW, VOICE_LIVE

from voxwire.dialects import WireCodec


@pytest.fixture
def ga() -> WireCodec:
    return WireCodec(GA)


@pytest.fixture
def preview() -> WireCodec:
    return WireCodec(PREVIEW)


@pytest.fixture
def first() -> WireCodec:
    """2024-10-01-preview."""
    return WireCodec(FIRST)


@pytest.fixture
def voice_live() -> WireCodec:
    return WireCodec(VOICE_LIVE)


@pytest.fixture(params=[GA, PREVIEW, FIRST, VOICE_LIVE], ids=["ga", "preview", "first", "voice_live"])
def codec(request: pytest.FixtureRequest) -> WireCodec:
    """Every variant in turn, for what is the same in all."""
    return WireCodec(request.param)
