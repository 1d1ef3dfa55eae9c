"""Fit the map of `voxwire.engines.stt.pocketsphinx.narrow_band` again: `python scripts/fit_narrow_band.py`.

Needs the `flite` command and pocketsphinx. Each sentence is heard twice: whole, by pocketsphinx's own front end, and
through a telephone, by ours. The map from the second to the first is found by least squares.
"""

import io
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
import pocketsphinx
from numpy.typing import NDArray

from voxwire.audio.g711 import decode_ulaw, encode_ulaw
from voxwire.audio.resample import Resampler
from voxwire.engines.stt.pocketsphinx.narrow_band import NEIGHBOURS, log_spectra, neighbourhoods, pre_emphasised

OUT = Path(__file__).parents[1] / "src/voxwire/engines/stt/pocketsphinx/narrow_band.npy"
VOICES = ("slt", "rms", "awb")
#: Weighs against large coefficients; the data are some 50,000 frames.
RIDGE = 1000.0
#: Telephones differ in the deep notes that they let pass, and half of them companded the sound.
LOWEST_HZ = (0, 250, 300)
RNG = np.random.default_rng(1)

SENTENCES = """
She sells fresh fish and chips by the southern shore
Sixteen ships sailed south in the stormy season
Choose five of the seven easy exercises before breakfast
Zero one two three four five six seven eight nine ten eleven twelve
Thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
Thirty forty fifty sixty seventy eighty ninety one hundred one thousand
January February March April May June July August
September October November December and a leap year
Monday Tuesday Wednesday Thursday Friday Saturday Sunday
The quick brown fox jumps over the lazy dog
Father bought thick thin feathers for the other brother
How much wood would a woodchuck chuck
Paris London Tokyo Berlin Madrid Rome Chicago Boston
Seattle San Diego Houston Dallas Denver Atlanta Miami Philadelphia
Please repeat the address and the number of the house
My telephone was broken so I wrote a letter instead
Could you put me through to somebody in the office
The train to the airport leaves at a quarter past nine
We would like a table for two by the window tonight
He poured the boiling water over the tea leaves
A large yellow moon was rising behind the church
Nobody knew why the garage door had been left open
They were singing old songs all the way home
I have lost the key of the cupboard in the kitchen
Bring an umbrella because it may rain this evening
The judge asked the witness a very simple question
Both of these shoes are too small for my feet
There is a huge orange boat in the harbour
Where did you find such beautiful blue glasses
The children threw their breakfast out of the window
Turn left at the bridge and follow the river
Measure the length and the width of the garden
This azure vase was a pleasure to look at
You should have seen the joy on her face
Which of the two roads goes to the village
The measure of a good joke is how long one laughs
What are the weather and the temperature like up there
Convert a dozen inches and a mile to centimetres
Divide the sum by three and add the square root
Spell the word necessary letter by letter
A B C D E F G H I J K L M
N O P Q R S T U V W X Y Z
Switch the lights off and lock the front door
Set a timer for half an hour and another for a day
Cancel my order and send the money back
Has the parcel been shipped or is it still being packed
Good morning good afternoon good evening and good night
Thank you very much that was all I wanted to know
Tell me something that I have never heard before
Flip the coin once more and roll both dice
""".strip().splitlines()


def spoken(voice: str, text: str) -> NDArray[np.float64]:
    """Samples at 16 kHz, at a loudness of its own."""
    done = subprocess.run(["flite", "-voice", voice, "-t", text, "-o", "/dev/stdout"], check=True, capture_output=True)
    with wave.open(io.BytesIO(done.stdout)) as clip:
        assert clip.getframerate() == 16_000
        samples = np.frombuffer(clip.readframes(clip.getnframes()), "<i2").astype(np.float64)
    return np.concatenate([np.zeros(2_400), samples, np.zeros(2_400)]) * RNG.uniform(0.3, 1.0)


def pcm(samples: NDArray[np.float64]) -> bytes:
    return np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()


def telephone(samples: NDArray[np.float64], number: int) -> bytes:
    """What the telephone of this number leaves, as the worker hears it: 8 kHz and back to 16."""
    spectrum, hz = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / 16_000)
    spectrum[(hz > 3_450) | (hz < LOWEST_HZ[number % 3])] = 0
    narrow = pcm(np.fft.irfft(spectrum, len(samples))[::2])
    return Resampler(8_000, 16_000).push(decode_ulaw(encode_ulaw(narrow)) if number % 2 else narrow)


class WideBand:
    """pocketsphinx's own front end, which can be had by its log alone."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._decoder = pocketsphinx.Decoder(mfclogdir=folder, loglevel="FATAL")

    def cepstra(self, audio: bytes) -> NDArray[np.float64]:
        for old in self._folder.iterdir():
            old.unlink()
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        self._decoder.process_raw(audio, no_search=True, full_utt=True)
        self._decoder.end_utt()
        (log,) = self._folder.iterdir()
        return np.frombuffer(log.read_bytes()[4:], ">f4").reshape(-1, 13).astype(np.float64)


def main() -> None:
    heard, wanted = [], []
    with tempfile.TemporaryDirectory() as folder:
        wide = WideBand(folder)
        for voice in VOICES:
            for sentence in SENTENCES:
                samples = spoken(voice, sentence)
                narrow = np.frombuffer(telephone(samples, len(heard)), "<i2").astype(np.float64)
                spectra = log_spectra(pre_emphasised(narrow))
                rows = neighbourhoods(np.pad(spectra, ((NEIGHBOURS, NEIGHBOURS), (0, 0)), mode="edge"))
                cepstra = wide.cepstra(pcm(samples))
                # The resampler's millisecond is a tenth of a frame.
                count = min(len(rows), len(cepstra))
                heard.append(rows[:count])
                wanted.append(cepstra[:count])
    x, y = np.concatenate(heard), np.concatenate(wanted)
    centred = x - x.mean(0)
    slope = np.linalg.solve(centred.T @ centred + RIDGE * np.eye(x.shape[1]), centred.T @ (y - y.mean(0)))
    constant = y.mean(0) - x.mean(0) @ slope
    np.save(OUT, np.vstack([slope, constant]).astype(np.float32))
    explained = 1 - (y - x @ slope - constant).var(0) / y.var(0)
    sys.stdout.write(f"{len(x)} frames; explained: {' '.join(f'{share:.2f}' for share in explained)}\n")


if __name__ == "__main__":
    main()
