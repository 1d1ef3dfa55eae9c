"""Names of voices: those of the API, for which every engine has a voice, whatever its own are called."""

from collections.abc import Mapping, Sequence
from typing import Final

#: The ten of the Realtime API, and three more of the speech API (protocol: sessions, Voice).
API_VOICES: Final = (
    *("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"),
    *("fable", "nova", "onyx"),
)


def spread_over(own: Sequence[str], likely: Mapping[str, Sequence[str]] | None = None) -> dict[str, str]:
    """A voice of the engine for each name of the API.

    `likely` has those that suit a name, the best first. Where none of them is there, the engine's voices take turns.
    `own` must not be empty.
    """
    chosen = {}
    for index, name in enumerate(API_VOICES):
        suited = [voice for voice in (likely or {}).get(name, ()) if voice in own]
        chosen[name] = suited[0] if suited else own[index % len(own)]
    return chosen
