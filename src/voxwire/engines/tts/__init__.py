"""Text to speech with flite and espeak-ng.

In the server's process:

- `flite`, `espeak`: the engines; `embedded`: the one of them that can run here
- `pooled`: what they share, clauses to the workers and audio back; `clauses`: where text is cut
- `messages`: what is said to a worker and what it answers

In their workers:

- `flite_worker`, `espeak_worker`: the services; `flite_library`, `espeak_library`: the native libraries
- `speakable`, `timeline`: text as a voice can read it, and which words are where in the audio
"""
