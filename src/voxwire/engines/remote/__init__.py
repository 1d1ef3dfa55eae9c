"""Engines that are servers of somebody else, reached over HTTP: what they have in common, whatever they do.

- `address`: addresses of endpoints; `endpoint_options`: what an operator can set for all of them
- `model_listing`: which models one has
- `endpoint_failures`: everything that can go wrong, as a code and a sentence
- `patience`: how long an endpoint may be silent
- `http`: requests and their sockets; `loopback`: the way to an endpoint on this machine;
  `handshakes`: those that are given up
- `sse`: bytes to events
"""
