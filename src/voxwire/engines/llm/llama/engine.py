"""The `llama` engine: a model file, served by llama.cpp in a child process and asked over the loopback."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import msgspec

from voxwire.engines.declared_options import require
from voxwire.engines.llm.chat.engine import ChatEngine
from voxwire.engines.llm.chat.failures import PASSING
from voxwire.engines.llm.llama.llama_options import LlamaOptions, read_llama_options
from voxwire.engines.llm.llama.model_choice import Chosen, choose
from voxwire.engines.llm.llama.worker import LlamaSettings, Served
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.process import WorkerSpec
from voxwire.engines.worker.stream import Stream
from voxwire.errors import ConfigurationError, EngineDied, EngineError
from voxwire.interfaces.engine import Claim, EngineInfo
from voxwire.interfaces.llm import LlmCapabilities, LlmEvent, LlmRequest

logger = logging.getLogger("voxwire.engines.llama")

_MOST_THREADS: Final = 8
#: A place is held for as long as an answer takes, and nothing is said about it meanwhile.
_HELD_S: Final = 86_400.0
#: How long the end of a process may take to be noticed.
_NOTICED_S: Final = 1.0


def engine(options: Mapping[str, Any]) -> "LlamaEngine":
    """The engine. Raises ConfigurationError for options that cannot be meant, and ImportError without xllamacpp."""
    chosen = read_llama_options(options)
    require("xllamacpp")
    return LlamaEngine(chosen)


class LlamaEngine:
    """See the module; implements `LlmEngine`, `Queues`, `Warms` and `NeedsModels`.

    Places in the child are leased: sessions take turns, and who waits when the child dies gets a place in the next one.
    """

    def __init__(self, options: LlamaOptions) -> None:
        self._options = options
        self._chosen: Chosen | None = None
        self._pool: WorkerPool[Any] | None = None
        self._chat: tuple[Served, ChatEngine] | None = None
        self._waiting = 0
        self._writing = 0

    @property
    def models(self) -> tuple[str, ...]:
        return (self._options.model,)

    @property
    def capabilities(self) -> LlmCapabilities:
        """The label is the model's own name, once the file was read."""
        label = self._chosen.label if self._chosen else self._options.model.rpartition(os.sep)[2]
        return LlmCapabilities(
            info=EngineInfo(name="llama", label=label, licence="MIT (llama.cpp); the model has its own"),
            context_tokens=self._context_tokens,
            tools=self._options.tools,
            local=True,
            patience_s=self._options.patience_s,
        )

    @property
    def queue(self) -> int:
        """Answers that come before one that is asked for now."""
        return self._waiting + (self._writing if self._writing >= self._options.parallel else 0)

    @property
    def pids(self) -> tuple[int, ...]:
        """The child, while it is there."""
        return self._pool.pids if self._pool else ()

    # --- life ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Look into the model's file, and load it in a child. Raises ConfigurationError and EngineError."""
        self._chosen = await asyncio.to_thread(choose, self._options)
        self._pool = WorkerPool(self._spec(self._chosen), msgspec.msgpack.Decoder(), size=1)
        try:
            await self._pool.start()
        except EngineDied:
            raise ConfigurationError(
                f"llama.cpp ended while it loaded {self._chosen.path}: the file is damaged, or of a kind that this "
                "version of llama.cpp does not know."
            ) from None
        await (await self._current()).find_model()

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()
        if self._chat is not None:
            await self._chat[1].close()

    @property
    def _context_tokens(self) -> int:
        """Of one conversation: what is asked for, as far as the model can read it."""
        most = self._chosen.header.context_tokens if self._chosen else None
        return min(self._options.context_tokens, most or self._options.context_tokens)

    def _spec(self, chosen: Chosen) -> WorkerSpec:
        options = self._options
        settings = LlamaSettings(
            path=str(chosen.path),
            name=chosen.label,
            template=chosen.template,
            context_tokens=self._context_tokens,
            parallel=options.parallel,
            threads=options.threads or min(_MOST_THREADS, os.cpu_count() or 1),
            gpu_layers=-1 if options.gpu_layers is None else options.gpu_layers,
            cache_mib=options.cache_mib,
            needs_bytes=chosen.size + chosen.header.memory_of(self._context_tokens * options.parallel),
        )
        return WorkerSpec(
            stage="llm",
            name="llama",
            service="voxwire.engines.llm.llama.worker:LlamaService",
            options=msgspec.to_builtins(settings),
            capacity=options.parallel,
            start_s=options.start_s,
            idle_s=_HELD_S,
        )

    # --- answers ------------------------------------------------------------------------------------

    async def respond(self, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
        """Where the child dies before the first word, the next one is asked."""
        for last in (False, True):
            begun = False
            async with self._place(request.claim) as (place, chat):
                try:
                    async with aclosing(chat.respond(request)) as events:
                        async for event in events:
                            begun = True
                            yield event
                    return
                except EngineError as error:
                    if last or begun or error.code not in PASSING or not await _died(place):
                        raise
                    logger.warning("an answer is asked for again (%s)", error.code)

    async def warm(self, request: LlmRequest) -> None:
        """Have the model read the beginning of a conversation, once nobody waits for an answer."""
        if self._pool is not None and self._pool.description is not None:
            await (await self._current()).warm(request)

    @asynccontextmanager
    async def _place(self, claim: Claim) -> AsyncIterator[tuple[Stream[Any], ChatEngine]]:
        """A place in the child that lives, and what asks that. Raises EngineBusy, and EngineDied where none does."""
        if self._pool is None:
            raise EngineDied("llm", "llama, not running")
        self._waiting += 1
        try:
            place = await self._pool.lease(self._options.first_token_s, claim)
        finally:
            self._waiting -= 1
        self._writing += 1
        try:
            yield place, await self._current()
        finally:
            self._writing -= 1
            place.cancel()

    async def _current(self) -> ChatEngine:
        """What asks the child that lives; each has an address and a key of its own."""
        assert self._pool is not None
        description = self._pool.description
        if description is None:
            raise EngineDied("llm", "llama, being replaced")
        served = msgspec.convert(description, Served)
        if self._chat is None or self._chat[0] != served:
            options = self._options.chat(f"{served.address}/v1", served.key, self._context_tokens)
            before, self._chat = self._chat, (served, ChatEngine(options))
            if before is not None:
                await before[1].close()
        return self._chat[1]


async def _died(place: Stream[Any]) -> bool:
    """Whether the child is gone: its HTTP may end a moment before it does."""
    try:
        async with asyncio.timeout(_NOTICED_S):
            await anext(place, None)
    except EngineError:
        return True
    except TimeoutError:
        pass
    return False
