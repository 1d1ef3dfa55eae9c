"""The parrot keeps the contract of language engines."""

import pytest
from voxwire_parrot import Parrot, engine

from voxwire.errors import ConfigurationError
from voxwire.testing.contract import LlmContract
from voxwire.testing.contract.llm_contract import answer_to, asked, text_of


class TestParrot(LlmContract):
    @staticmethod
    def make_engine() -> Parrot:
        return engine({})

    async def test_it_says_what_it_heard(self, engine: Parrot) -> None:
        assert text_of(await answer_to(engine, asked("Pieces of  eight!"))) == "Pieces of eight!"


@pytest.mark.parametrize("options", [{"speed": 1}, {"pace_s": "slow"}])
def test_options_that_cannot_be_meant(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        engine(options)
