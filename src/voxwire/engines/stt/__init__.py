"""Speech to text engines: `pocketsphinx`."""
