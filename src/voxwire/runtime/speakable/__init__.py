"""Text that was written for the eye, made fit for a voice: markup is silent, its meaning stays.

- `lines`: `SpeakableText`, a message in pieces of any size: headings, lists, quotes, rules, code blocks, tables
- `inline`: what stands inside a line: emphasis, code, links, addresses, tags, emoji
- `spans`: which written characters the spoken ones stand for

All of it is pure text code and works for every language engine and every voice. What a piece becomes never
depends on how the text was cut into pieces: a rule decides as soon as no continuation could change its mind,
and it never looks further than a fixed number of characters.
"""
