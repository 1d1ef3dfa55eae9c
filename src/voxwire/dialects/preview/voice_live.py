"""What Voice Live adds to the preview dialect (protocol: dialects, Voice Live).

Its sessions name features that only Azure has: voices, semantic turn detection, echo cancellation,
avatars. What has a counterpart here is mapped to it, and `session.updated` shows what came of it.
Other keys of the session are ignored, but for those that would change the meaning of the audio.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from voxwire.dialects.faults import missing
from voxwire.dialects.preview.requests import LaterRequest, Respond, Update
from voxwire.dialects.preview.session_settings import (
    FirstResponseSettings,
    NoTurnDetection,
    PreviewTranscription,
    SessionSettings,
)
from voxwire.dialects.shared_requests import ClientRequest, RequestDecoder
from voxwire.dialects.shared_settings import (
    SemanticVadSettings,
    ServerVadSettings,
    VoiceId,
    keeps_unset,
)
from voxwire.dialects.unsupported import LeftOut
from voxwire.events.client import Unsupported
from voxwire.events.response import ResponseParams
from voxwire.events.session_config import SessionPatch, Transcription

#: Voice Live counts from 0, the models of the preview from 0.6.
_Temperature = Annotated[float, Meta(ge=0, le=1.2)]


# --- voice ----------------------------------------------------------------------------------------


_VoiceType = Literal[
    "openai", "azure-standard", "azure-custom", "azure-personal", "azure-realtime-native", "avatar-voice-sync"
]


class LiveVoice(VoiceId, frozen=True, forbid_unknown_fields=False):
    """A voice of the model by its `name`, or one of Azure's, which no engine here has.

    Some programs leave the type out; Azure's voices start with their language (`en-US-AvaNeural`).
    """

    id: str = ""
    type: _VoiceType | UnsetType = UNSET
    name: str = ""

    @property
    def of_azure(self) -> bool:
        return "-" in self.name if self.type is UNSET else self.type != "openai"


_Voice = str | LiveVoice | UnsetType


@keeps_unset
def _voice_of(voice: str | LiveVoice, param: str) -> str | UnsetType:
    """Azure's voices leave the voice as it is."""
    if isinstance(voice, str):
        return voice
    if voice.of_azure:
        return UNSET
    if not (name := voice.name or voice.id):
        raise missing(f"{param}.name")
    return name


# --- turn detection -------------------------------------------------------------------------------


class LiveServerVad(ServerVadSettings, frozen=True, forbid_unknown_fields=False, tag="server_vad"):
    """`end_of_utterance_detection` and `auto_truncate` have no effect."""


class AzureSemanticVad(LiveServerVad, frozen=True, tag="azure_semantic_vad"):
    """Ends turns by silence, like `server_vad`; it has the same settings, and some without effect."""


class AzureSemanticVadEn(LiveServerVad, frozen=True, tag="azure_semantic_vad_en"):
    pass


class AzureSemanticVadMultilingual(LiveServerVad, frozen=True, tag="azure_semantic_vad_multilingual"):
    pass


_TurnDetection = (
    LiveServerVad
    | AzureSemanticVad
    | AzureSemanticVadEn
    | AzureSemanticVadMultilingual
    | SemanticVadSettings
    | NoTurnDetection
    | UnsetType
    | None
)


# --- transcription --------------------------------------------------------------------------------


class LiveTranscription(PreviewTranscription, frozen=True, forbid_unknown_fields=False):
    """`phrase_list` holds words to expect, as a prompt does elsewhere."""

    phrase_list: list[str] | None = None

    def words(self) -> Transcription:
        return replace(super().words(), prompt="\n".join(self._expected()) or None)

    def _expected(self) -> Iterable[str]:
        return filter(None, (self.prompt, *(self.phrase_list or ())))


# --- the session ----------------------------------------------------------------------------------


class _EchoCancellation(msgspec.Struct, frozen=True):
    channels: int | None = None


class VoiceLiveSession(SessionSettings, frozen=True, forbid_unknown_fields=False):
    """A session whose unknown keys are ignored; noise reduction and echo cancellation have no effect."""

    voice: _Voice = UNSET
    input_audio_transcription: LiveTranscription | UnsetType | None = UNSET
    turn_detection: _TurnDetection = UNSET
    temperature: _Temperature | UnsetType = UNSET
    input_audio_noise_reduction: Any = None
    input_audio_sampling_rate: int | None = None
    input_audio_echo_cancellation: _EchoCancellation | None = None
    prompt: Any = None
    truncation: Any = None
    reasoning: Any = None

    def patch(self, left_out: LeftOut) -> SessionPatch:
        self._check_channels(left_out)
        plain = replace(self, input_audio_noise_reduction=None)
        # The rate may come alone: the session knows the format that it must fit.
        rate = UNSET if self.input_audio_sampling_rate is None else self.input_audio_sampling_rate
        patch = SessionSettings.patch(plain, left_out)
        return replace(patch, voice=_voice_of(self.voice, "session.voice"), input_rate=rate)

    def _check_channels(self, left_out: LeftOut) -> None:
        """A second channel would be heard as noise."""
        cancellation = self.input_audio_echo_cancellation
        if cancellation is not None and cancellation.channels not in (None, 1):
            left_out.append(
                Unsupported(
                    param="session.input_audio_echo_cancellation.channels",
                    message="Input audio has one channel here: send that of the microphone.",
                )
            )


class LiveUpdate(Update, frozen=True, tag="session.update"):
    session: VoiceLiveSession


# --- responses ------------------------------------------------------------------------------------


_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh")


class LiveResponse(FirstResponseSettings, frozen=True):
    """As in 2024-10-01; `interim_response` has no effect, nor has an effort that no model knows."""

    voice: _Voice = UNSET
    temperature: _Temperature | UnsetType = UNSET
    reasoning_effort: str | None = None
    interim_response: dict[str, Any] | None = None

    def params(self, left_out: LeftOut) -> ResponseParams:
        known = self.reasoning_effort in _EFFORTS
        return replace(
            super().params(left_out),
            voice=_voice_of(self.voice, "response.voice"),
            reasoning={"effort": self.reasoning_effort} if known else UNSET,
        )


class LiveResponseCreate(Respond, frozen=True, tag="response.create"):
    response: LiveResponse | None = None


LIVE_DECODER: Final[RequestDecoder[ClientRequest]] = RequestDecoder(LaterRequest | LiveUpdate | LiveResponseCreate)
