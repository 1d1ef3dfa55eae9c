"""Our readings of Whisper beside faster-whisper's, in one run: `python bench/whisper.py FOLDER …`.

For each folder of a model: word errors and milliseconds of processor time a clip, the clips taken in turn by all that
is compared, each with one thread; what partials cost; what is found in sounds that nobody said. The clips are said by
flite, and by Piper where its voice was pulled; recordings of one's own come with `--recording FILE.wav=TEXT`.
"""

import argparse
import asyncio
import os
import time
import wave
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from voxwire.audio.resample import Resampler
from voxwire.engines.registry import load
from voxwire.engines.stt.whisper.messages import Read
from voxwire.engines.stt.whisper.reader import Reader
from voxwire.engines.stt.whisper.readings import Agreement, joined_words
from voxwire.errors import ConfigurationError
from voxwire.testing.clips import Clip, compared_words, sounds, spoken_clips, wrong_words

_FLITE_VOICES = ("alloy", "ash", "ballad")
_STEP_S = 0.5


async def clips(recordings: list[str]) -> list[Clip]:
    made = []
    for name, voices in (("flite", _FLITE_VOICES), ("piper", ("alloy",))):
        try:
            engine = load("tts", name, {})
            await engine.start()
        except ConfigurationError as error:
            print(f"without {name}: {error}")
            continue
        made += await spoken_clips(engine, voices)
        await engine.close()
    for recording in recordings:
        file, _, text = recording.partition("=")
        with wave.open(file) as sound:
            pcm = Resampler(sound.getframerate(), 16_000).push(sound.readframes(sound.getnframes()))
        made.append(Clip(Path(file).stem, text, pcm))
    return made


def readers(folder: Path, ours: Reader) -> dict[str, Callable[[bytes], str]]:
    from faster_whisper import WhisperModel

    theirs = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)

    def transcribe(pcm: bytes, **options: object) -> str:
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        return "".join(segment.text for segment in theirs.transcribe(samples, language="en", **options)[0])

    return {
        "faster-whisper, its defaults": transcribe,
        "faster-whisper, beam 1": lambda pcm: transcribe(pcm, beam_size=1, temperature=0),
        "voxwire": lambda pcm: joined_words(ours.read(Read(pcm, language="en", whole=True)).words),
        "voxwire, log-probabilities": lambda pcm: joined_words(
            ours.read(Read(pcm, language="en", whole=True, details=True)).words
        ),
    }


def compare(all_clips: list[Clip], readings: dict[str, Callable[[bytes], str]]) -> None:
    spent, wrong = dict.fromkeys(readings, 0.0), dict.fromkeys(readings, 0)
    for clip in all_clips:
        for name, read in readings.items():
            began = time.process_time()
            heard = read(clip.pcm)
            spent[name] += time.process_time() - began
            wrong[name] += wrong_words(clip.said, heard)
    said = sum(len(compared_words(clip.said)) for clip in all_clips)
    first = next(iter(spent.values()))
    for name in readings:
        milliseconds = spent[name] / len(all_clips) * 1000
        print(f"  {name:30}{wrong[name] / said:7.1%} wrong {milliseconds:8.0f} ms  x {spent[name] / first:.2f}")


def partials(all_clips: list[Clip], reader: Reader) -> None:
    """The growing clip, read every half second."""
    spent, certain, wrong = 0.0, 0, 0
    for clip in all_clips:
        agreement = Agreement()
        for end in np.arange(_STEP_S, clip.seconds, _STEP_S):
            began = time.process_time()
            read = reader.read(Read(clip.pcm[: int(end * 16_000) * 2], language="en"))
            spent += time.process_time() - began
            if (joined := agreement.join(read.words)) is not None:
                agreement.read(joined)
        certain += len(agreement.certain)
        final = reader.read(Read(clip.pcm, language="en", whole=True)).words
        wrong += agreement.join(final) is None
    seconds = sum(clip.seconds for clip in all_clips)
    print(f"  partials: {spent / seconds:.2f} of a core; {certain} words certain before the end")
    print(f"  finals that had to be read again, because they contradicted them: {wrong} of {len(all_clips)}")


def silence(reader: Reader) -> None:
    found = {
        f"{name}, {seconds} s": text
        for seconds in (0.6, 1.5, 3.0, 6.0)
        for name, pcm in sounds(seconds).items()
        if (text := joined_words(reader.read(Read(pcm, whole=True)).words))
    }
    print(f"  words in what nobody said: {found or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--recording", action="append", default=[])
    args = parser.parse_args()
    all_clips = asyncio.run(clips(args.recording))
    print(f"{len(all_clips)} clips of {np.mean([clip.seconds for clip in all_clips]):.1f} s")
    for folder in args.folders:
        ours = Reader(folder, device="cpu", compute_type="int8", threads=1, beam=3, languages=())
        print(folder.name)
        compare(all_clips, readers(folder, ours))
        partials(all_clips, ours)
        silence(ours)


if __name__ == "__main__":
    main()
