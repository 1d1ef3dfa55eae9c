"""Recognisers of other people, in worker processes: what they have in common.

A library needs no more than a `Recogniser` and a few lines that name it.

- `engine`: the engine, in the server's process; `messages`: what it and its workers say to each other
- `native_service`: the worker; `recogniser`: what a library has to do in it
- `redecoding`: for libraries that hear whole utterances only
- `token_words`: words of tokens with their times
"""
