"""llama.cpp's real server in a process of its own: a broken model file would end ours.

As a program, `llama_server.py MODEL.gguf CONTEXT [TEMPLATE.jinja]` needs nothing but xllamacpp, so that any environment
that has it can run it. It prints its address, and ends when its standard input does.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.request import urlopen

#: Answers that can be written at a time.
SLOTS: Final = 2
_THREADS: Final = 2


class LlamaServer:
    """A server that runs; `url` is what the chat engine calls `base_url`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.url = f"{address}/v1"

    def busy_slots(self) -> int:
        """How many answers are being written."""
        with urlopen(f"{self.address}/slots") as reply:
            return sum(slot["is_processing"] for slot in json.load(reply))


@contextlib.contextmanager
def llama_server(
    model: Path, template: Path | None = None, *, context: int = 65_536, python: str | Path = sys.executable
) -> Iterator[LlamaServer]:
    """Serve a model file; `template` replaces the one in the file. `context` is how many tokens all answers together
    may read and write. Raises RuntimeError when the file cannot be served."""
    command = [python, "-I", __file__, str(model), str(context), *([str(template)] if template else [])]
    with (
        tempfile.TemporaryFile("w+") as log,  # a pipe that nobody reads would stop it
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            if not address:
                process.wait()
                log.seek(0)
                raise RuntimeError(f"llama.cpp does not serve {model}: {log.read()[-2000:]}")
            yield LlamaServer(address)
        finally:
            process.kill()


def _main(model: str, context: str, template: str | None = None) -> None:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.model_alias = {"llama"}
    parameters.hostnames = ["127.0.0.1"]  # a list: `hostname` is silently no setting
    parameters.port = 0
    parameters.n_parallel = SLOTS
    parameters.n_ctx = int(context)
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = _THREADS
    parameters.endpoint_slots = True
    parameters.use_jinja = True
    parameters.warmup = False
    if template is not None:
        parameters.chat_template = Path(template).read_text(encoding="utf-8")
    server = xllamacpp.Server(parameters)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    _main(*sys.argv[1:])
