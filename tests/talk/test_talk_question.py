"""Reading questions: any rate, channels, width and kind of file."""

import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scripted_server import tone, write_wav

from voxwire.talk.outcome import UsageError
from voxwire.talk.question import FRAME_BYTES, frames, load_question


@pytest.fixture
def no_soundfile(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra `talk` were not installed."""
    monkeypatch.setitem(sys.modules, "soundfile", None)


def frequency(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return float(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax() * 24_000 / len(samples))


def level(pcm: bytes) -> float:
    return float(np.abs(np.frombuffer(pcm, "<i2")).max()) / 32768


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_any_rate(tmp_path: Path, rate: int) -> None:
    pcm = load_question(write_wav(tmp_path / "a.wav", tone(1000, rate=rate), rate))
    assert len(pcm) / 48 == pytest.approx(1000, abs=1)
    assert frequency(pcm) == pytest.approx(440, abs=2)
    assert level(pcm) == pytest.approx(0.3, abs=0.02)


def test_channels_are_mixed(tmp_path: Path) -> None:
    stereo = np.stack([tone(200), np.zeros(4800)], axis=1)
    pcm = load_question(write_wav(tmp_path / "a.wav", stereo))
    assert len(pcm) == 200 * 48
    assert level(pcm) == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize(("name", "kind", "subtype"), [("a.flac", "FLAC", "PCM_16"), ("a.ogg", "OGG", "VORBIS")])
def test_other_kinds_of_files(tmp_path: Path, name: str, kind: str, subtype: str) -> None:
    soundfile.write(tmp_path / name, tone(500, rate=16_000), 16_000, format=kind, subtype=subtype)
    assert frequency(load_question(tmp_path / name)) == pytest.approx(440, abs=4)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
def test_plain_wav_without_soundfile_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", tone(200), 24_000, subtype=subtype)
    with_it = load_question(tmp_path / "a.wav")
    monkeypatch.setitem(sys.modules, "soundfile", None)
    assert load_question(tmp_path / "a.wav") == with_it
    assert level(with_it) == pytest.approx(0.3, abs=0.01)


@pytest.mark.usefixtures("no_soundfile")
def test_other_files_without_soundfile_say_what_to_install(tmp_path: Path) -> None:
    soundfile_free = tmp_path / "a.flac"
    soundfile_free.write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(UsageError, match=r"pip install 'voxwire\[talk\]'"):
        load_question(soundfile_free)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        load_question(tmp_path / "missing.wav")
    with pytest.raises(UsageError, match="not a file"):
        load_question(tmp_path)
    (tmp_path / "text.wav").write_text("This is not sound.")
    with pytest.raises(UsageError, match="Cannot read"):
        load_question(tmp_path / "text.wav")
    with pytest.raises(UsageError, match="holds no audio"):
        load_question(write_wav(tmp_path / "empty.wav", np.zeros(0)))
    with pytest.raises(UsageError, match="sample rate 1000 Hz"):
        load_question(write_wav(tmp_path / "slow.wav", np.zeros(10), 1_000))


@pytest.mark.parametrize("reader", ["soundfile", "wave"])
def test_endless_files_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(4_000)
        file.writeframes(bytes(4_000 * 3601))
    if reader == "wave":
        monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(UsageError, match="longer than the 60 minutes"):
        load_question(path)


def test_frames_are_whole() -> None:
    pieces = list(frames(b"\1" * (FRAME_BYTES + 10)))
    assert [len(piece) for piece in pieces] == [FRAME_BYTES] * 2
    assert pieces[1] == b"\1" * 10 + bytes(FRAME_BYTES - 10)
