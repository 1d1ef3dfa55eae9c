"""Speech to text with pocketsphinx.

- `engine`: the engine, in the server's process
- `messages`, `words`: what it and its workers say to each other, and words as a recogniser spells them

In its workers:

- `worker`: the service, two decoders on each utterance
- `decoders`: the decoder for English at large, and the one for expected sentences
- `language_model`, `pronunciation`: what the second is built from
- `narrow_band`: the front end for telephone speech
- `onset`, `hypothesis`, `partials`: where the sound begins, what was understood, which words are final

Nothing is imported here, so that a worker stays light.
"""
