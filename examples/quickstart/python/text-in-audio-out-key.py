"""Text in, audio out, with a key."""

import base64

from azure.core.credentials import AzureKeyCredential
from connection import run, setting
from rtclient import ResponseCreateMessage, ResponseCreateParams, RTLowLevelClient


async def text_in_audio_out() -> None:
    async with RTLowLevelClient(
        url=setting("AZURE_OPENAI_ENDPOINT"),
        key_credential=AzureKeyCredential(setting("AZURE_OPENAI_API_KEY")),
        azure_deployment=setting("AZURE_OPENAI_DEPLOYMENT_NAME"),
    ) as client:
        await client.send(
            ResponseCreateMessage(
                response=ResponseCreateParams(modalities={"audio", "text"}, instructions="Please assist the user.")
            )
        )
        async for message in client:
            match message.type:
                case "response.audio_transcript.delta":
                    print(f"Received text delta: {message.delta}")
                case "response.audio.delta":
                    print(f"Received {len(base64.b64decode(message.delta))} bytes of audio data.")
                case "response.done":
                    break
                case "error":
                    print(message.error)
                    break


run(text_in_audio_out)
