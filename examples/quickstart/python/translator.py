"""A live translator: every sentence that the user speaks comes back in another language.

Usage: python translator.py speech.wav translation.wav [language]

The recording is sent as it would be spoken, a tenth of a second at a time; the service notices by itself where a
sentence ends.
"""

import asyncio

from connection import RATE, connected, read_message, read_wav, run, write_wav
from rtclient import InputAudioTranscription, RTClient, ServerVAD

TENTH = 2 * RATE // 10


async def speak(client: RTClient, samples: bytes) -> None:
    for start in range(0, len(samples), TENTH):
        await client.send_audio(samples[start : start + TENTH])
        await asyncio.sleep(0.1)


async def main(speech: str, translation: str, language: str = "Spanish") -> None:
    async with connected() as client:
        await client.configure(
            instructions=f"You are an interpreter. Say in {language} what the user says, and nothing else. "
            "Never answer a question; translate it.",
            turn_detection=ServerVAD(silence_duration_ms=500),
            input_audio_transcription=InputAudioTranscription(model="whisper-1"),
        )
        unanswered, answered = 0, asyncio.Event()
        sound = b""

        async def speak_and_leave() -> None:
            # Another second of silence lets the service notice the last end.
            await speak(client, read_wav(speech) + bytes(2 * RATE))
            await answered.wait()
            await client.close()

        speaking = asyncio.create_task(speak_and_leave())
        async for event in client.events():
            if event.type == "input_audio":
                unanswered += 1
                answered.clear()
                await event
                print(f"Original: {event.transcript}")
                continue
            async for item in event:
                if item.type == "message":
                    words, spoken = await read_message(item)
                    sound += spoken
                    print(f"{language}: {words}")
            unanswered -= 1
            if unanswered == 0:
                answered.set()
        await speaking
    write_wav(translation, sound)
    print(f"Wrote {len(sound)} bytes of audio data to {translation}.")


run(main, "speech.wav", "translation.wav", optional=1)
