"""What an engine must do, as tests: one suite for each kind, for engines of this house and of others.

A suite is a class of tests. A test module makes it its own by saying how an engine is made:

    class TestParrot(LlmContract):
        @staticmethod
        def make_engine() -> LlmEngine:
            return parrot.engine({})

One engine is made and started for the class, and closed after it; tests that need another make one. What an engine
must do beyond is added to the class as further tests, with the fixture `engine`. Needs pytest and pytest-asyncio:
`pip install 'voxwire[testing]'`.

- `life`: what holds for engines of every kind
- `stt_contract`, `llm_contract`, `tts_contract`, `vad_contract`, `turn_contract`: what holds for each kind
- `signals`: sound to try them with
"""

import pytest

# Before they are imported: a test that fails shall show the values.
pytest.register_assert_rewrite(
    *(f"{__name__}.{name}" for name in ("life", *(f"{kind}_contract" for kind in ("stt", "llm", "tts", "vad", "turn"))))
)

from voxwire.testing.contract.llm_contract import LlmContract  # noqa: E402
from voxwire.testing.contract.stt_contract import SttContract  # noqa: E402
from voxwire.testing.contract.tts_contract import TtsContract  # noqa: E402
from voxwire.testing.contract.turn_contract import TurnContract  # noqa: E402
from voxwire.testing.contract.vad_contract import VadContract  # noqa: E402

__all__ = ["LlmContract", "SttContract", "TtsContract", "TurnContract", "VadContract"]
