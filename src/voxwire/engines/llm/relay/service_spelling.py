"""How the three kinds of service spell the protocol: what we send them.

`ga` is OpenAI's and Azure's protocol of today, which most others speak; `preview` that of 2024; `qwen` is like it, with
another name and rate for audio, functions as chat completions have them, and a conversation that can only grow.
"""

from enum import Enum
from typing import Any, Final

import pybase64

from voxwire.audio.clip import AudioClip
from voxwire.audio.convert import to_pcm
from voxwire.audio.resample import Resampler
from voxwire.events.items import (
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.session_config import FunctionTool, Modality, NamedTool
from voxwire.interfaces.llm import LlmRequest

_Body = dict[str, Any]

#: Speech of which nothing is known any longer, and speech in which no word was understood.
UNKNOWN_SPEECH: Final = "[unintelligible]"
_GA_FORMAT: Final = {"type": "audio/pcm", "rate": 24_000}
#: What every service takes; the previews refuse more, and less than 0.6.
_TEMPERATURES: Final = (0.6, 1.2)


class Spelling(Enum):
    GA = "ga"
    PREVIEW = "preview"
    QWEN = "qwen"

    @property
    def rate_in(self) -> int:
        """Samples a second of the audio that it takes."""
        return 16_000 if self is Spelling.QWEN else 24_000

    @property
    def edits(self) -> bool:
        """Whether items can be put, cut and deleted anywhere in its conversation."""
        return self is not Spelling.QWEN

    def settings(self, request: LlmRequest, instructions: str, voice: str | None) -> _Body:
        """The fields of a session that answers this request. `voice` None leaves the service its own."""
        return _ga(request, instructions, voice) if self is Spelling.GA else _flat(self, request, instructions, voice)

    @property
    def quiet(self) -> _Body:
        """The fields with which a service only listens: it begins with turn detection of its own."""
        if self is Spelling.GA:
            input = {"format": _GA_FORMAT, "turn_detection": None, "transcription": None}
            return {"type": "realtime", "audio": {"input": input}}
        format = "pcm" if self is Spelling.QWEN else "pcm16"
        return {"input_audio_format": format, "input_audio_transcription": None, "turn_detection": None}

    def item(self, item: Item, id: str, call_id: str) -> _Body:
        """An item to create. Audio is carried along; the assistant's speech becomes text."""
        match item:
            case FunctionCallItem():
                return {
                    "id": id,
                    "type": "function_call",
                    "name": item.name,
                    "call_id": call_id,
                    "arguments": item.arguments or "{}",
                }
            case FunctionCallOutputItem():
                return {"id": id, "type": "function_call_output", "call_id": call_id, "output": item.output}
        content = [part for given in item.content if (part := self._part(given, item.role)) is not None]
        return {"id": id, "type": "message", "role": item.role.value, "content": content}

    def pcm(self, clip: AudioClip) -> bytes:
        """The sound of a clip as the service takes it: PCM16."""
        pcm = to_pcm(clip.data[: len(clip.data) // clip.format.sample_bytes * clip.format.sample_bytes], clip.format)
        return Resampler(clip.format.rate, self.rate_in).push(pcm)

    def _part(self, part: ContentPart, role: Role) -> _Body | None:
        text = "input_text" if role is not Role.ASSISTANT else "output_text" if self is Spelling.GA else "text"
        match part:
            case InputAudio(clip=AudioClip() as clip):
                return {"type": "input_audio", "audio": pybase64.b64encode(self.pcm(clip)).decode()}
            case InputAudio():
                return {"type": text, "text": part.transcript or UNKNOWN_SPEECH}
            case OutputAudio():
                return {"type": text, "text": part.transcript} if part.transcript else None
            case InputText() | OutputText():
                return {"type": text, "text": part.text}
            case InputImage():
                image = {"type": "input_image", "image_url": part.image_url, "detail": part.detail}
                return image if self is Spelling.GA else None


def _ga(request: LlmRequest, instructions: str, voice: str | None) -> _Body:
    output = {"format": _GA_FORMAT, **({} if voice is None else {"voice": voice})}
    body: _Body = {
        **Spelling.GA.quiet,
        "output_modalities": [request.modality.value],
        "instructions": instructions,
        "tools": [_tool(tool) for tool in request.tools],
        "tool_choice": _choice(request),
        "max_output_tokens": request.max_output_tokens or "inf",
        "audio": {**Spelling.GA.quiet["audio"], "output": output},
    }
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    if request.reasoning is not None:
        body["reasoning"] = {"effort": request.reasoning}
    return body


def _flat(spelling: Spelling, request: LlmRequest, instructions: str, voice: str | None) -> _Body:
    qwen = spelling is Spelling.QWEN
    least, most = _TEMPERATURES
    tools = [_tool(tool) for tool in request.tools]
    return {
        "modalities": ["text"] if request.modality is Modality.TEXT else ["text", "audio"],
        "instructions": instructions,
        **({} if voice is None else {"voice": voice}),
        **spelling.quiet,
        "output_audio_format": spelling.quiet["input_audio_format"],
        "tools": [{"type": "function", "function": _untyped(tool)} for tool in tools] if qwen else tools,
        "tool_choice": _choice(request),
        "temperature": min(max(request.temperature, least), most),
        "max_response_output_tokens": request.max_output_tokens or "inf",
    }


def _tool(tool: FunctionTool) -> _Body:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description or "",
        "parameters": tool.parameters or {"type": "object", "properties": {}},
    }


def _untyped(tool: _Body) -> _Body:
    return {name: value for name, value in tool.items() if name != "type"}


def _choice(request: LlmRequest) -> Any:
    choice = request.tool_choice
    return {"type": "function", "name": choice.name} if isinstance(choice, NamedTool) else choice
