"""The speech of a language engine that speaks itself, on its way to the session."""

from collections.abc import Iterator

from voxwire.interfaces.inputs import Generated, SpokenAudio
from voxwire.interfaces.llm import LlmAudio
from voxwire.interfaces.tts import TtsAudio
from voxwire.runtime.chunker import Chunker
from voxwire.runtime.engine_calls import broke_contract
from voxwire.runtime.revocable_sink import RevocableSink


class OwnVoice:
    """Delivers one message as it is spoken, in deltas of the wire's size and rate."""

    def __init__(self, chunker: Chunker, generation: int, delivery: RevocableSink) -> None:
        self._chunker = chunker
        self._generation = generation
        self._delivery = delivery
        self._chars = 0

    async def say(self, speech: LlmAudio) -> None:
        """Deliver what this stretch completes. Raises EngineError for half a sample."""
        if len(speech.pcm) % 2:
            raise broke_contract("llm", "gave half a sample")
        begin, self._chars = self._chars, max(self._chars, speech.chars_to)
        await self._deliver(self._chunker.push(TtsAudio(pcm=speech.pcm, chars_from=begin, chars_to=self._chars)))

    async def finish(self) -> None:
        """The message ends: deliver the rest."""
        await self._deliver(self._chunker.flush())

    async def _deliver(self, chunks: Iterator[SpokenAudio]) -> None:
        for chunk in chunks:
            await self._delivery.deliver(Generated(self._generation, chunk))
