"""Text to speech engines.

- `flite`, `espeak`: the engines; `embedded`: the one of them that can run here

What they share, in the server's process:

- `pooled`: clauses to the workers and audio back; `clauses`: where text is cut
- `messages`: what is said to a worker and what it answers

In their workers:

- `speakable`, `timeline`: text as a voice can read it, and which words are where in the audio

Nothing is imported here, so that a worker stays light.
"""
