"""What the operator of a server sees of it, and what no user does.

- `log_lines`: how a log line is written, and what never stands in one
- `metrics`: their names and meanings; `meter` counts what is told, `state_collector` looks at what is not,
  `exposition` says both; `store_state`: what it is told of stores; `merging`: several processes as one
- `tracing`: whether there are spans; `span_observer` makes them, `span_names` has their names
"""
