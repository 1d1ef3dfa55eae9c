"""Speech detection: the network Silero VAD in NumPy (`silero`) and by a native kernel (`native_silero`; `kernels` are
their names), and its weights out of the package that ships them (`weights`)."""
