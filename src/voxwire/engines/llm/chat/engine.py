"""The `chat` engine: asks an OpenAI-compatible endpoint, and passes on what it writes as it comes."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any, Final

from voxwire.engines.llm.chat.admission import Places
from voxwire.engines.llm.chat.answer import AnswerReader
from voxwire.engines.llm.chat.chat_options import ChatOptions, read_options
from voxwire.engines.llm.chat.failures import FAILURES, PASSING, not_chosen, of_refusal
from voxwire.engines.llm.chat.http_endpoint import Endpoint
from voxwire.engines.llm.chat.lulls import Lulls
from voxwire.engines.llm.chat.request_body import RequestBody, beginning_only, offered_tools, without_wishes
from voxwire.engines.remote.http import Refused
from voxwire.engines.remote.model_listing import is_listed, shown
from voxwire.engines.remote.patience import Patience
from voxwire.engines.remote.sse import EventReader
from voxwire.errors import ConfigurationError, EngineError
from voxwire.events.items import MessageItem
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.llm import LlmCapabilities, LlmEvent, LlmRequest

logger = logging.getLogger("voxwire.engines.chat")

#: What endpoints answer to a body with something in it that they do not take; the second by those made with FastAPI.
_WRONG_BODY: Final = (400, 422)
#: After the model has said why it stopped, the end mark comes at once, or never.
_END_S: Final = 1.0
#: The end of the HTTP body, after which the connection can be used again, is on its way already.
_LAST_BYTES_S: Final = 0.05
#: Pause before a second try; each further one is twice as long.
_PAUSE_S: Final = 0.25


def engine(options: Mapping[str, Any]) -> "ChatEngine":
    """The `chat` engine. Raises ConfigurationError for options that cannot be meant."""
    return ChatEngine(read_options(options))


class ChatEngine:
    """See the module; implements `LlmEngine`, `Queues` and `Warms`."""

    def __init__(self, options: ChatOptions) -> None:
        self._options = options
        self._endpoint = Endpoint(options)
        self._body = RequestBody(options)
        self._lulls = Lulls()
        self._places = Places(options.parallel, options.first_token_s)
        self._model = options.model
        self._capabilities: LlmCapabilities | None = None

    @property
    def capabilities(self) -> LlmCapabilities:
        """The label is the model's name; without one, what is known before the endpoint was asked."""
        label = _shown(self._model) if self._model else "the model of a chat endpoint"
        if self._capabilities is None or self._capabilities.info.label != label:
            self._capabilities = LlmCapabilities(
                info=EngineInfo(name="chat", label=label, licence="the model's own"),
                context_tokens=self._options.context_tokens,
                images=self._options.images,
                hears=self._options.hears,
                tools=self._options.tools,
                local=self._options.near,
                patience_s=self._options.patience_s,
            )
        return self._capabilities

    async def start(self) -> None:
        """Ask the endpoint for its models.

        Raises ConfigurationError for a wrong address, key or model name. An endpoint that is down is no error: it may
        come later, and answers fail until then.
        """
        if not self._options.check:
            return
        try:
            await self.find_model()
        except EngineError as error:
            logger.warning(
                "The language model at %s cannot be used yet (%s). Answers fail until it can.",
                self._options.base_url,
                error.code,
            )

    async def close(self) -> None:
        await self._endpoint.close()

    async def respond(self, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
        with self._lulls.answering():
            async with self._places.place(request.claim), aclosing(self._tried(request)) as events:
                async for event in events:
                    yield event

    async def warm(self, request: LlmRequest) -> None:
        """Have the model read the beginning of a conversation, once nobody waits for an answer."""
        if not self._options.warms:
            return
        try:
            await self._lulls.work(partial(self._read_beginning, beginning_only(request)))
        except EngineError as error:
            logger.debug("a beginning was not read ahead (%s)", error.code)

    @property
    def queue(self) -> int:
        """Answers that come before one that is asked for now. Where the endpoint's room is not known (option
        `parallel`), those in the making count."""
        return self._lulls.answers if self._options.parallel is None else self._places.queue

    # --- answering ----------------------------------------------------------------------------------

    async def _tried(self, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
        """An answer; where nothing has come of one yet, and what went wrong may pass, another try."""
        patience = Patience(self._options.first_token_s, self._options.idle_s, FAILURES)
        functions = frozenset(function.name for function in offered_tools(request))
        pause_s = _PAUSE_S
        for left in range(self._options.retries, -1, -1):
            answer = AnswerReader(
                functions, most_tokens=self._options.context_tokens, thinking=self._options.thinking_prefilled
            )
            try:
                async with aclosing(self._answer(request, answer, patience)) as events:
                    async for event in events:
                        yield event
                return
            except EngineError as error:
                if not left or answer.tokens or error.code not in PASSING:
                    raise
            await patience.wait(asyncio.sleep(pause_s))
            pause_s *= 2

    async def _answer(
        self, request: LlmRequest, answer: AnswerReader, patience: Patience
    ) -> AsyncGenerator[LlmEvent, None]:
        async with self._asked(request, patience) as pieces:
            reader = EventReader(FAILURES)
            while not answer.complete:
                piece = await self._next(pieces, answer, patience)
                before = answer.tokens
                for data in reader.flush() if piece is None else reader.feed(piece):
                    for event in answer.take(data):
                        yield event
                if piece is None:
                    break
                self._judge(answer, before, patience)
            await _read_out(pieces)
            for event in answer.finish():
                yield event

    async def _read_beginning(self, request: LlmRequest) -> None:
        """Raises EngineError. An endpoint that goes on for longer than it may is left."""
        patience = Patience(self._options.first_token_s, self._options.first_token_s, FAILURES)
        async with self._asked(request, patience) as pieces:
            while patience.total_s < self._options.first_token_s:
                if await patience.wait(anext(pieces, None)) is None:
                    return

    # --- asking -------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _asked(self, request: LlmRequest, patience: Patience) -> AsyncIterator[AsyncIterator[bytes]]:
        """What the endpoint sends. When it refuses what an answer can do without, it is asked again without that."""
        model = await self._known_model()
        while True:
            try:
                body = await self._encoded(request, model)
                async with self._endpoint.post(body, patience) as pieces:
                    yield pieces
                return
            except Refused as refused:
                if refused.status in _WRONG_BODY and self._body.refused(refused.field):
                    continue
                if refused.status in _WRONG_BODY and request != (plain := without_wishes(request)):
                    request = plain
                    continue
                logger.warning("the chat endpoint answered %d (%s)", refused.status, refused.code or "no code")
                raise of_refusal(refused) from None

    async def _encoded(self, request: LlmRequest, model: str) -> bytes:
        """The body; a thread makes one with sound, which takes some milliseconds a minute of it."""
        if self._options.hears and any(item.clips for item in request.items if isinstance(item, MessageItem)):
            return await asyncio.to_thread(self._body.encode, request, model)
        return self._body.encode(request, model)

    async def _next(self, pieces: AsyncIterator[bytes], answer: AnswerReader, patience: Patience) -> bytes | None:
        """What arrives next; None at the end, and when nothing but the end mark is missing and does not come."""
        try:
            return await patience.wait(anext(pieces, None))
        except EngineError:
            if answer.finished:
                return None
            raise

    def _judge(self, answer: AnswerReader, before: int, patience: Patience) -> None:
        """Whether what came was a sign of life. Raises EngineError for a model that only thinks."""
        if answer.finished:
            patience.renew(_END_S)
        elif answer.tokens > before:
            patience.renew()
            if not answer.begun and patience.total_s > self._options.first_token_s + self._options.thinking_s:
                raise FAILURES.silent(patience.total_s)

    # --- which model --------------------------------------------------------------------------------

    async def _known_model(self) -> str:
        if self._model is None:
            try:
                await self.find_model()
            except ConfigurationError as error:
                logger.warning("%s", error)  # for the operator; clients see no names of models
                raise not_chosen() if isinstance(error, _NotChosen) else FAILURES.of_status(404) from None
        assert self._model is not None
        return self._model

    async def find_model(self) -> None:
        """Ask the endpoint which models it has, and choose.

        Raises ConfigurationError with what there is, and EngineError when the endpoint cannot say.
        """
        self._model = self._choose(await self._endpoint.models())

    def _choose(self, names: Sequence[str]) -> str:
        wanted = self._options.model
        if wanted is not None:
            if is_listed(wanted, names):
                return wanted
            raise ConfigurationError(f"The language model's endpoint has no model {wanted!r}. It has: {shown(names)}.")
        if len(names) == 1:
            return names[0]
        writers = [name for name in names if "embed" not in name]
        if self._options.first_model and writers:
            logger.warning("The language model is %s. There are: %s. Choose with --model.", writers[0], shown(names))
            return writers[0]
        raise _NotChosen(f"Say which model of the language model's endpoint to use (--model). It has: {shown(names)}.")


class _NotChosen(ConfigurationError):
    """There is no one model that must be meant."""


def _shown(model: str) -> str:
    """The name as clients see it: llama.cpp calls a model by the path of its file, which is nobody's business."""
    return model.replace("\\", "/").rpartition("/")[2] if model.startswith("/") or model.endswith(".gguf") else model


async def _read_out(pieces: AsyncIterator[bytes]) -> None:
    """Read the end of the body, so that the connection can be used again; else leaving closes it."""
    try:
        async with asyncio.timeout(_LAST_BYTES_S):
            await anext(pieces, None)
    except (TimeoutError, EngineError):
        return
