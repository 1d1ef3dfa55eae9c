"""Speech recognisers for tests: they hear what they were told to hear."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, MutableSequence

from voxwire.errors import EngineError
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.stt import SttCapabilities, SttConfig, SttEvent, SttFinal, SttInterim, SttPartial


class FakeStt:
    """Hears `texts` in turn, the last one again and again; a failure in their place is raised.

    Words come as partials while audio arrives, one for each `word_ms` of it, and the final at commit.
    `stalled` never answers; `push_s` is how long each piece of audio takes to accept; `rates` as in the
    capabilities. With `interims` a probe is answered by the words so far, all of them where `word_ms` is None.
    """

    def __init__(
        self,
        *texts: str | SttFinal | EngineError,
        word_ms: float | None = None,
        stalled: bool = False,
        push_s: float = 0.0,
        rates: tuple[int, ...] = (16_000,),
        interims: bool = False,
    ) -> None:
        self.capabilities = SttCapabilities(
            info=EngineInfo(name="fake-stt", label="scripted ears", licence="Apache-2.0"),
            rates=rates,
            interims=interims,
        )
        self.word_ms = word_ms
        self.stalled = stalled
        self.push_s = push_s
        self.streams: MutableSequence[FakeSttStream] = []
        self.prepared: list[SttConfig] = []
        self.started = 0
        self.closed = 0
        self._texts = deque(texts or ("hello there",))

    async def start(self) -> None:
        self.started += 1

    async def close(self) -> None:
        self.closed += 1

    async def prepare(self, config: SttConfig) -> None:
        self.prepared.append(config)

    def open(self, config: SttConfig) -> "FakeSttStream":
        text = self._texts[0] if len(self._texts) == 1 else self._texts.popleft()
        stream = FakeSttStream(self, config, text)
        self.streams.append(stream)
        return stream


class FakeSttStream:
    """One utterance."""

    def __init__(self, engine: FakeStt, config: SttConfig, result: str | SttFinal | EngineError) -> None:
        self.config = config
        # Pieces, for a buffer that grows costs a loaded server more than all else that is done with the audio here.
        self._pieces: list[bytes] = []
        self._bytes = 0
        self.committed = asyncio.Event()
        self.probes = 0
        self.cancelled = False
        self._engine = engine
        self._result = SttFinal(text=result) if isinstance(result, str) else result
        self._events: asyncio.Queue[SttEvent | EngineError | None] = asyncio.Queue()
        self._said = 0

    @property
    def heard(self) -> bytes:
        """All its audio so far, PCM16."""
        return b"".join(self._pieces)

    @property
    def _words_so_far(self) -> list[str]:
        words = self._result.text.split() if isinstance(self._result, SttFinal) else []
        if not self._engine.word_ms:
            return words
        return words[: int(self._bytes / 2 / self.config.rate * 1000 / self._engine.word_ms)]

    async def probe(self) -> None:
        self.probes += 1
        if not self._engine.stalled:
            alternatives = self._result.alternatives if isinstance(self._result, SttFinal) else ()
            self._events.put_nowait(SttInterim(text=" ".join(self._words_so_far), alternatives=alternatives))

    async def push(self, pcm: bytes) -> None:
        if self._engine.push_s:
            await asyncio.sleep(self._engine.push_s)
        self._pieces.append(pcm)
        self._bytes += len(pcm)
        if self._engine.word_ms:
            words = self._words_so_far
            if len(words) > self._said:
                self._said = len(words)
                text = " ".join(words)
                self._events.put_nowait(SttPartial(text=text, stable=len(text)))

    async def commit(self) -> None:
        self.committed.set()
        if not self._engine.stalled:
            self._events.put_nowait(self._result)

    async def cancel(self) -> None:
        self.cancelled = True
        self._events.put_nowait(None)  # whoever waits has waited long enough

    async def __aiter__(self) -> AsyncIterator[SttEvent]:
        while not self.cancelled:
            event = await self._events.get()
            if event is None or self.cancelled:
                return
            if isinstance(event, EngineError):
                raise event
            yield event
            if isinstance(event, SttFinal):
                return
