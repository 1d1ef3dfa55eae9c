"""What a pause in somebody's speech looks like, judged by the words so far (protocol: turns, Semantic turn detection).

Pure: a text goes in, a sign comes out. What it knows of each language is data, in `data/LANGUAGE.toml`.

- `languages`: the data, and which language a text is in
- `spoken_words`: a text as words
- `reading_out`: digits and letters that are being read out
- `sign`: the sign of a text
- `verdict`: the sign of the words and the vote of a turn model, taken together
- `back_channels`: words of somebody who only listens
"""

from voxwire.turns.back_channels import remark_of
from voxwire.turns.languages import LANGUAGES
from voxwire.turns.sign import sign_of
from voxwire.turns.verdict import verdict

__all__ = ["LANGUAGES", "remark_of", "sign_of", "verdict"]
