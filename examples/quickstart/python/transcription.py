"""A transcription session: the service only listens, and writes down what it hears. Speaks GA.

Usage: python transcription.py recording.wav
"""

import base64
import os

from connection import RATE, credentials, read_wav, run, setting
from rtclient import InputAudioBufferAppendMessage, RTLowLevelClient

SETTINGS = {
    "type": "transcription",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": RATE},
            "transcription": {"model": os.environ.get("AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT_NAME", "whisper-1")},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 500},
        }
    },
}


async def main(recording: str) -> None:
    async with (
        credentials() as given,
        RTLowLevelClient(
            url=setting("AZURE_OPENAI_ENDPOINT"),
            azure_deployment=setting("AZURE_OPENAI_DEPLOYMENT_NAME"),
            dialect="ga",
            intent="transcription",
            **given,
        ) as client,
    ):
        await client.send({"type": "session.update", "session": SETTINGS})
        # A second of silence ends the last turn.
        samples = read_wav(recording) + bytes(2 * RATE)
        for start in range(0, len(samples), RATE // 5):
            audio = base64.b64encode(samples[start : start + RATE // 5]).decode("ascii")
            await client.send(InputAudioBufferAppendMessage(audio=audio))
        turns = 0
        async for message in client:
            match message.type:
                case "input_audio_buffer.speech_started":
                    turns += 1
                case "conversation.item.input_audio_transcription.completed":
                    print(f"Heard: {message.transcript}")
                    turns -= 1
                case "conversation.item.input_audio_transcription.failed":
                    print(f"Not understood: {message.error.message}")
                    turns -= 1
                case "error":
                    raise SystemExit(message.error.message)
            if turns == 0 and message.type.startswith("conversation.item.input_audio_transcription"):
                break


run(main, "recording.wav")
