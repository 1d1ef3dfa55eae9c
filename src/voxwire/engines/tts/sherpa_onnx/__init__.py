"""Speech by sherpa-onnx: `engine` in the server, `worker` in its worker processes, `voice_folder` for what lies on
disk."""
