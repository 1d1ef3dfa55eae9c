"""Samples: formats of the wire, G.711, sample rates.

- `pcm`: formats, and the arithmetic between bytes, samples and milliseconds
- `g711`: mu-law and A-law
- `resample`: streams from one sample rate to another
- `clip`, `convert`: whole pieces, and from one format of the wire to another
- `input_buffer`: the audio of a client that is not committed yet; it is also the session's clock
- `tape`: the same, and its windows for the speech detector, kept once; `tapes`: in Python or in C
- `windows`: the wire's audio as windows of the speech detector

Nothing is imported here: `pcm` needs no NumPy.
"""

__all__ = ["clip", "convert", "input_buffer", "pcm", "resample", "tape", "tapes", "windows"]
