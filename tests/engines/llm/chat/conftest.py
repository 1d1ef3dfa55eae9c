"""True models are large, and their terms not always open: `make test-engines` runs them, and whoever names the file."""

collect_ignore = ["test_gemma.py"]
