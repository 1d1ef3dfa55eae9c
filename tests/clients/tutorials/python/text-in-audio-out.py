import asyncio
import base64
import os

from azure.identity.aio import DefaultAzureCredential
from rtclient import ResponseCreateMessage, ResponseCreateParams, RTLowLevelClient

endpoint = os.environ["AZURE_OPENAI_ENDPOINT"]
deployment = os.environ["AZURE_OPENAI_DEPLOYMENT_NAME"]


async def text_in_audio_out():
    async with RTLowLevelClient(
        url=endpoint,
        token_credential=DefaultAzureCredential(),
        azure_deployment=deployment,
    ) as client:
        request = ResponseCreateMessage(
            response=ResponseCreateParams(
                modalities={"audio", "text"},
                instructions="Please assist the user.",
            )
        )
        await client.send(request)

        finished = False
        while not finished:
            message = await client.recv()
            match message.type:
                case "response.audio_transcript.delta":
                    print(f"Received text delta: {message.delta}")
                case "response.audio.delta":
                    audio = base64.b64decode(message.delta)
                    print(f"Received {len(audio)} bytes of audio data.")
                case "error":
                    print(message.error)
                    finished = True
                case "response.done":
                    finished = True
                case _:
                    pass


if __name__ == "__main__":
    asyncio.run(text_in_audio_out())
