"""How words sound: those missing from the recogniser's dictionary, and those said in passing.

For names of places and of tools that the dictionary lacks, flite brings a lexicon and trained
letter-to-sound rules (Black, Lenzo and Pagel 1998) with phones that are those of the dictionary but
for the schwa. Where flite is not installed, such words stay unknown.
"""

from ctypes import c_char_p, c_void_p
from typing import Any, Final

from voxwire.engines.worker.shared_library import load_library

_VOWELS: Final = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
#: Vowels that weaken to a schwa, where they are not stressed.
_WEAKENING: Final = frozenset({"AA", "AE", "AH", "AO", "EH", "OW"})


def in_passing(phones: str) -> str | None:
    """How a long word sounds in running speech, its first vowel weakened; None when that changes nothing.

    The dictionary holds careful forms alone: "F R AE N S IH S K OW", where people say
    "F ER N S IH S K OW". Words of three and more vowels are seldom stressed on the first; it has no
    stress marks to tell. In a recording of a natural voice this made "San Francisco" out of "San
    Vista"; of 40 cities spoken by flite it changed none.
    """
    sounds = phones.split()
    vowels = [index for index, sound in enumerate(sounds) if sound in _VOWELS]
    if len(vowels) < 3 or sounds[vowels[0]] not in _WEAKENING:
        return None
    first = vowels[0]
    if first and sounds[first - 1] == "R":
        sounds[first - 1 : first + 1] = ["ER"]
    else:
        sounds[first] = "AH"
    weakened = " ".join(sounds)
    return weakened if weakened != phones else None


class LetterToSound:
    """flite's American English lexicon and rules. Raises OSError when flite is not installed."""

    def __init__(self) -> None:
        self._flite = load_library("flite", major=1)
        load_library("flite_usenglish", major=1)  # the lexicon leaves its symbols to its loader
        lexicon: Any = load_library("flite_cmulex", major=1)
        for name, result, arguments in (
            ("lex_lookup", c_void_p, (c_void_p, c_char_p, c_char_p, c_void_p)),
            ("val_car", c_void_p, (c_void_p,)),
            ("val_cdr", c_void_p, (c_void_p,)),
            ("val_string", c_char_p, (c_void_p,)),
            ("delete_val", None, (c_void_p,)),
        ):
            function = getattr(self._flite, name)
            function.restype, function.argtypes = result, arguments
        self._flite.flite_init()
        lexicon.cmu_lex_init.restype = c_void_p
        self._lexicon = lexicon.cmu_lex_init()

    def phones(self, word: str) -> str | None:
        """Phones of the CMU dictionary ("HH AH L OW"); None for a word without sound.

        `word` is lower-case letters and apostrophes.
        """
        found = self._flite.lex_lookup(self._lexicon, word.encode("ascii"), None, None)
        phones = []
        item = found
        while item:
            phone = self._flite.val_string(self._flite.val_car(item)).decode().rstrip("0123456789").upper()
            phones.append("AH" if phone == "AX" else phone)
            item = self._flite.val_cdr(item)
        if found:
            self._flite.delete_val(found)
        return " ".join(phones) or None
