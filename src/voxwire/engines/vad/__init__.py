"""Speech detection: the network Silero VAD (`silero`), its weights out of the package that ships them (`weights`)."""
