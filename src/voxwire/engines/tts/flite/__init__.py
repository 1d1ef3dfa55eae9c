"""Speech from flite: `engine` in the server, `worker` in its worker processes, `library` for the native library."""
