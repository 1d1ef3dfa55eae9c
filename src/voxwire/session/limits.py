"""What bounds a session, and what its engines can do.

Both are frozen values handed in, so that the core never reads a settings tree.
"""

from collections.abc import Callable

import msgspec

from voxwire.interfaces.token_estimate import text_tokens
from voxwire.interfaces.turn import Remark


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one session; every default names its precedent.

    Sizes in bytes of wire audio, durations in the unit of their name.
    """

    append_bytes: int = 15 * 1024 * 1024
    """One `input_audio_buffer.append`; the official services' limit (protocol: limits, Audio)."""
    buffer_bytes: int = 64 * 1024 * 1024
    """Uncommitted input audio: 23 minutes of PCM16, far past any turn; ours."""
    retained_audio_bytes: int = 32 * 1024 * 1024
    """Audio of items kept for `conversation.item.retrieve` (protocol: conversation, Retained audio)."""
    min_commit_ms: int = 100
    """Shortest audio that can be committed (protocol: turns, Empty commits)."""
    items: int = 4096
    """Items in one conversation; ours, about a day of talk."""
    item_text_bytes: int = 1024 * 1024
    """Text of one item, instructions, or tool list; ours, beyond any context window."""
    conversation_text_bytes: int = 16 * 1024 * 1024
    """Text of all items that clients made; ours, four million tokens."""
    tools: int = 128
    """Functions a session may declare (protocol: limits, Session)."""
    parallel_responses: int = 16
    """Responses running at once, out-of-band ones included; ours."""
    session_seconds: float = 3600.0
    """Lifetime of a session: 60 minutes, as the GA service (protocol: limits, Session)."""
    transcript_deadline_s: float = 10.0
    """How long a response waits for the words of its turn (protocol: responses, Waiting for words)."""
    requests_per_minute: int = 100_000
    """What `rate_limits.updated` reports; a self-hosted server has no quota of its own."""
    tokens_per_minute: int = 100_000_000
    """The same, in tokens."""
    strict_truncate: bool = False
    """Refuse a truncation beyond the end instead of clamping it (protocol: decisions, Truncation beyond the end)."""
    max_drafts_per_turn: int = 0
    """Answers begun in the pauses of one turn, before it is certain that it has ended; 0 begins none."""
    hush_ms: int = 96
    """The silence in which the words are asked for that a draft is begun of, where nobody judges pauses. What detection
    calls silence begins some 90 ms after the last sound, so this is none within a word."""
    interrupt_speech_ms: int = 0
    """How long speech has to last before it interrupts an answer; 0 for no time."""
    interrupt_words: int = 0
    """How many words of it have to be understood."""
    back_channels_pass: bool = False
    """Whether words of a listener ("mm-hm") do not interrupt."""
    pause_ms: int = 160
    """The silence that may be the end of the turn, and is judged as such."""
    draft_bytes: int = 4 * 1024 * 1024
    """What engines may make of a draft: a minute and a half of speech. More is not kept, but made anew."""
    respond_to_empty_transcript: bool = True
    """Whether a turn in which no word was understood is answered (protocol: responses, Waiting for words)."""


def every_word_counts(words: str, language: str | None) -> Remark:
    """Nobody only listens."""
    return Remark.SPEECH


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the deployment behind this session can do.

    `voices` None accepts any name; `languages` empty accepts any. `count_tokens` gives the tokens of a text that the
    model reads, at once.
    """

    voices: frozenset[str] | None = None
    languages: tuple[str, ...] = ()
    context_tokens: int = 32_000
    count_tokens: Callable[[str], int] = text_tokens
    images: bool = False
    tools: bool = True
    hears: bool = False
    """The language engine listens to the user's audio itself: no answer waits for words."""
    overhears: bool = False
    """It can begin to listen while somebody still speaks."""
    interims: bool = False
    """The recogniser can say what it heard before the turn is over."""
    remark: Callable[[str, str | None], Remark] = every_word_counts
    """Whether a text, in a language that may be known, is that of somebody who only listens; at once."""
    hears_turns: bool = False
    """There is a turn model: it hears the end of a turn that has paused."""
    reports_playout: bool = False
    """The transport plays the answers, and reports how far it is; else the client plays them."""
