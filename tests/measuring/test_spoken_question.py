"""From the end of a spoken question to the first sound, in a whole service whose delays are known."""

import pytest

from voxwire.errors import EngineError
from voxwire.measuring.spoken_question import SILENCE_MS, first_sound
from voxwire.measuring.stages import SpokenSample
from voxwire.runtime import Service
from voxwire.testing.fake_llm import FakeLlm, Script, words
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_vad import loud, quiet

#: Silence at both ends is not part of the question.
QUESTION = SpokenSample(quiet(100) + loud(400) + quiet(700), 24_000)


async def asked(service: Service) -> float:
    try:
        await service.start()
        [hosted] = service.directory.all
        return await first_sound(service, hosted, QUESTION)
    finally:
        assert service.sessions == 0
        await service.close()


def answering(script: Script, stt: FakeStt | None = None) -> Service:
    return fake_service(fake_deployment(llm=FakeLlm(lambda _: script), stt=stt))


async def test_the_silence_and_the_delays_of_the_engines() -> None:
    plain = await asked(answering(words("Eighty four.")))
    slow = await asked(answering([0.4, *words("Eighty four.")]))
    assert plain >= SILENCE_MS
    assert slow >= SILENCE_MS + 400
    assert slow > plain


async def test_an_answer_that_fails() -> None:
    with pytest.raises(EngineError, match="too much") as caught:
        await asked(answering([EngineError("llm", "overloaded", "It is too much.")]))
    assert caught.value.code == "overloaded"


async def test_an_answer_without_sound() -> None:
    with pytest.raises(EngineError, match="no sound"):
        await asked(answering(words("")))
