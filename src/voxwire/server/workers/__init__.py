"""Several processes that are one server: a parent, and workers that hold the sessions (ADR 41).

- `conductor`: the parent, which starts workers, replaces them and ends them; `doors`: where it accepts connections
- `worker_process`: a worker as the parent sees it; `switchboard`: what the parent knows for all of them
- `line`: what they say to each other; `passing`: connections on their way; `worker_start`: what a worker is given
- `forwarding`: requests for what another worker holds
- `worker_program`: a worker; `in_worker`: what it has in common with the others
"""
