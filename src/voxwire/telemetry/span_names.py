"""Names of spans and of their attributes: OpenTelemetry's where it has some, and ours.

Those of generative AI (`gen_ai.…`) are still in development there; when they change, this file does.
"""

from typing import Final

#: Spans.
SESSION: Final = "session"
TURN: Final = "turn"

#: OpenTelemetry's attributes.
ERROR_TYPE: Final = "error.type"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
RESPONSE_ID: Final = "gen_ai.response.id"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"

#: Of a stage's work, where the stage's own name is taken.
STAGES: Final = {"turn": "judge_turn"}
#: What a stage is called as an operation of generative AI.
OPERATIONS: Final = {"stt": "transcribe", "llm": "chat", "tts": "speak", "turn": "judge_turn"}

#: Ours.
DEPLOYMENT: Final = "voxwire.deployment"
PRINCIPAL: Final = "voxwire.principal"
TRANSPORT: Final = "voxwire.transport"
ENGINE: Final = "voxwire.engine"
TURN_END: Final = "voxwire.turn.end"
FIRST_AUDIO_S: Final = "voxwire.turn.time_to_first_audio"
CANCELLED: Final = "voxwire.cancelled"
#: An event in a stage's span.
FIRST_ITEM: Final = "first_item"
