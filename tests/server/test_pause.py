"""A pause of the whole machine: server and workers stop, and go on as if nothing had been."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest
from websockets.sync.client import connect

from voxwire.testing.live_server import SERVE

pytestmark = pytest.mark.engines

QUESTION = Path(__file__).parents[2] / "examples/audio/what_is_twelve_times_seven.wav"
#: Longer than a turn may wait for its words, and than a worker may be silent.
PAUSE_S = 12.0


def test_a_turn_that_waits_goes_on_after_a_pause() -> None:
    process = subprocess.Popen(
        [sys.executable, *SERVE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    with process:
        try:
            converse_with_a_pause(process)
        finally:
            process.kill()


def converse_with_a_pause(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    address = next(line.split()[-1] for line in process.stdout if "listening" in line)
    with connect(address.replace("http", "ws") + "/v1/realtime?model=gpt-realtime", ping_interval=None) as client:
        with wave.open(str(QUESTION)) as question:
            audio = base64.b64encode(question.readframes(question.getnframes())).decode()
        listening = {"input": {"turn_detection": None}}
        for event in (
            {"type": "session.update", "session": {"type": "realtime", "audio": listening}},
            {"type": "input_audio_buffer.append", "audio": audio},
            {"type": "input_audio_buffer.commit"},
            {"type": "response.create"},
        ):
            client.send(json.dumps(event))
        while json.loads(client.recv(timeout=20))["type"] != "input_audio_buffer.committed":
            pass
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(PAUSE_S)
        os.killpg(process.pid, signal.SIGCONT)
        while (done := json.loads(client.recv(timeout=20)))["type"] != "response.done":
            pass
        assert done["response"]["status"] == "completed"
    process.terminate()
    lines = list(process.stdout)
    assert process.wait(10) == 0
    assert not [line for line in lines if "worker" in line]  # none was killed
