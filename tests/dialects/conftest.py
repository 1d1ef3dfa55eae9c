"""Codecs of every variant, as fixtures."""

import pytest
from dialect_samples import FIRST, GA, PREVIEW, VOICE_LIVE

from voxwire.dialects import Codec


@pytest.fixture
def ga() -> Codec:
    return Codec(GA)


@pytest.fixture
def preview() -> Codec:
    return Codec(PREVIEW)


@pytest.fixture
def first() -> Codec:
    """2024-10-01-preview."""
    return Codec(FIRST)


@pytest.fixture
def voice_live() -> Codec:
    return Codec(VOICE_LIVE)


@pytest.fixture(params=[GA, PREVIEW, FIRST, VOICE_LIVE], ids=["ga", "preview", "first", "voice_live"])
def codec(request: pytest.FixtureRequest) -> Codec:
    """Every variant in turn, for what is the same in all."""
    return Codec(request.param)
