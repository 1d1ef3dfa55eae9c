"""The terminal: folding, streams, colours, nothing that commands it."""

import io

import pytest

from voxwire.talk.latency import Stage, Turn
from voxwire.talk.screen import Screen, printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def test_a_stream_grows_under_one_label(out: io.StringIO) -> None:
    screen = Screen(out)
    for piece in ("what", " is", " twelve"):
        screen.stream("You", piece)
    screen.stream("Voxwire", " Eighty")
    screen.stream("Voxwire", " four.")
    screen.end_line()
    assert out.getvalue() == "You      what is twelve\nVoxwire  Eighty four.\n"


def test_a_line_closes_the_stream_before_it(out: io.StringIO) -> None:
    screen = Screen(out)
    screen.stream("You", "hello")
    screen.line("Tool", "f()")
    screen.stream("You", "again")
    screen.end_line()
    assert out.getvalue() == "You      hello\nTool     f()\nYou      again\n"


@pytest.mark.parametrize("method", ["line", "stream"])
def test_fits_eighty_columns(out: io.StringIO, method: str) -> None:
    screen = Screen(out)
    getattr(screen, method)("Voxwire", "Seventeen syllables " * 20)
    screen.end_line()
    lines = out.getvalue().splitlines()
    assert len(lines) > 4
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith(" " * 9 + "S") or line.startswith(" " * 9 + "s") for line in lines[1:])


def test_streams_appear_at_once(out: io.StringIO) -> None:
    Screen(out).stream("You", "wha")
    assert out.getvalue() == "You      wha"


def test_colours_only_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Terminal(), Terminal()
    Screen(coloured).line("You", "hello")
    monkeypatch.setenv("NO_COLOR", "1")
    Screen(plain).line("You", "hello")
    assert coloured.getvalue() == "\x1b[1;36mYou      \x1b[0mhello\n"
    assert plain.getvalue() == "You      hello\n"


def test_a_server_cannot_command_the_terminal(out: io.StringIO) -> None:
    assert printable("a\x1b[2Jb\nc\x07") == "a [2Jb c "
    Screen(out).stream("Voxwire", "\x1b]0;title\x07")
    assert "\x1b" not in out.getvalue()


def test_table_of_the_last_turns(out: io.StringIO) -> None:
    turns = [Turn(began=float(n)) for n in range(7)]
    for n, turn in enumerate(turns):
        turn.stamp(Stage.SPEECH_STOPPED, turn.began + 0.5 + n / 1000)
    turns[-1].stamp(Stage.TOOL_CALLED, turns[-1].began + 1.25)
    Screen(out).latencies(turns, "the end of speech")
    assert out.getvalue().splitlines() == [
        "",
        "         Milliseconds after the end of speech:",
        "         end of turn noticed            502     503     504     505     506",
        "         tool called                                                  1,250",
    ]


def test_no_turns_no_table(out: io.StringIO) -> None:
    Screen(out).latencies([], "the end of speech")
    assert out.getvalue() == ""
