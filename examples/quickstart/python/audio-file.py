"""A recorded question in, a recorded answer out; the program says itself when the question is complete.

Usage: python audio-file.py question.wav answer.wav
"""

from connection import connected, read_message, read_wav, run, write_wav
from rtclient import InputAudioTranscription, NoTurnDetection


async def main(question: str, answer: str) -> None:
    async with connected() as client:
        await client.configure(
            instructions="Answer briefly.",
            turn_detection=NoTurnDetection(),
            input_audio_transcription=InputAudioTranscription(model="whisper-1"),
        )
        await client.send_audio(read_wav(question))
        asked = await client.commit_audio()
        response = await client.generate_response()
        sound = b""
        async for item in response:
            if item.type == "message":
                words, spoken = await read_message(item)
                sound += spoken
                print(f"Answer: {words}")
        await asked
        print(f"Question: {asked.transcript}")
        write_wav(answer, sound)
        print(f"Wrote {len(sound)} bytes of audio data to {answer}.")


run(main, "question.wav", "answer.wav")
