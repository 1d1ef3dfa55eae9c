"""Samples: formats of the wire, G.711, sample rates.

- `pcm`: formats, and the arithmetic between bytes, samples and milliseconds
- `g711`: mu-law and A-law
- `resample`: streams from one sample rate to another
- `clip`, `convert`: whole pieces, and from one format of the wire to another
- `tape`: the audio of a client that is not committed yet, its clock, and its windows for the detector of speech;
  `tapes`: which implementation of it is used
- `windows`: the wire's audio as windows of the speech detector

Nothing is imported here: `pcm` needs no NumPy.
"""

__all__ = ["clip", "convert", "pcm", "resample", "tape", "tapes", "windows"]
