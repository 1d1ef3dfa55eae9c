"""What the contract tests of all engine kinds share: real engines, real processes."""

import pytest
from contract_audio import load_16k


@pytest.fixture(scope="session")
def speech():
    """Fixture name (without `_24k.wav`) to PCM16 at 16 kHz."""
    return lambda name: load_16k(f"{name}_24k.wav")
