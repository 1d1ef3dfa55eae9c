"""Speech to text with Whisper, decoded by us (ADR 29).

- `engine`: the recogniser; `whisper_options`: what an operator can set; `whisper_languages`: what a model understands
- `whisper_stream`: one utterance: when it is read, and what of it is certain
- `readings`: words that were read, what two readings agree on, and what they are to the listener
- `loudness`: where somebody spoke, and where a long utterance may be cut
- `readers`: the worker processes: whose turn it is, and how many people can be followed
- `messages`: what they are told; `worker`, `reader`: what runs there
- `whisper_features`, `whisper_tokens`: sound and words as Whisper has them; `alignment`: when each word was heard
"""
