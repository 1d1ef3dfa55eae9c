"""What is written in figures and signs, as it is read out: numbers, dates, times, money, units, addresses.

- `read_out`: a text as a voice says it, with the way back to what was written
- `english`: the rules of English, which put every number into words; `english_numbers`: the numbers
- `signs`: the rules of other languages, which leave numbers to the voice; `sign_words`: their words

Nothing is imported here, so that a worker stays light.
"""
