"""Speech from espeak-ng: `engine` in the server, `worker` in its worker processes, `library` for the
native one, `punctuation` for what it leaves out of the sounds of a text."""
