"""Text in, audio out, with a key."""

import asyncio
import base64
import os

from azure.core.credentials import AzureKeyCredential
from rtclient import ResponseCreateMessage, ResponseCreateParams, RTLowLevelClient


async def text_in_audio_out() -> None:
    async with RTLowLevelClient(
        url=os.environ["AZURE_OPENAI_ENDPOINT"],
        key_credential=AzureKeyCredential(os.environ["AZURE_OPENAI_API_KEY"]),
        azure_deployment=os.environ["AZURE_OPENAI_DEPLOYMENT_NAME"],
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


asyncio.run(text_in_audio_out())
