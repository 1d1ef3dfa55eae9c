"""The offline assistant: a language engine that answers by rules.

- `engine`: the engine; `dialogue`: from a conversation to an answer
- `domain`: all that is expected in one session; `grammar`: the sentence templates that it is written in
- `skills`: what the assistant can do by itself
- `instructions`: what the session's instructions let it say; `facts`: sentences of theirs that
  answer a question; `openings`: words that somebody orders to be said
- `tools`: which declared function is meant, with which arguments; `tool_words` and `tool_grammar`: how one
  asks for it; `results`: its output as sentences
- `parameters` and `parameter_slots`: what may fill each; `arguments`: what fills them in a call
- `schema`: declared JSON Schemas, read; `schema_check`: whether a value is valid; `schema_example`: one that is;
  `formats` and `patterns`: those of strings; `effort`: how much work a schema may cause
- `slots`, `numbers`, `quantities`, `dates`, `moments`, `places`, `written`: values in sentences
- `text`: words of an utterance
"""
