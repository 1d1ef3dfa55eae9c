"""What the operator of a server sees of it, and what no user does.

- `log_lines`: how a log line is written, and what never stands in one
"""
