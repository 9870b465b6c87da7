# Every target does its own set-up. Needs python3 (3.11 or newer, with venv), make, git, a C compiler and cargo.
PYTHON       ?= python3
CONFIG       ?= examples/resolute.toml
FUZZ_SECONDS ?= 60
BENCH        ?=
# A process of tests for each processor; the tests of a file stay together, for they share servers.
PARALLEL     ?= --numprocesses auto --dist loadfile

BIN  := .venv/bin
RUST := Cargo.toml Cargo.lock pyproject.toml $(shell find crates -name '*.rs' -o -name Cargo.toml)
PIP  := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
export PYO3_BUILD_EXTENSION_MODULE := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help serve test bench lint format fuzz docs lock clean rust-test unit interop

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

serve: .venv/built ## the server, with examples/resolute.toml (CONFIG=FILE for another)
	@exec $(BIN)/resolute serve --config $(CONFIG)

test: lint rust-test unit interop fuzz ## lint and the whole test suite

bench: .venv/built ## CPU per query beside the peers, into bench/RESULTS.md (BENCH="--only cached --seconds 5")
	@tools/install-peers.sh
	cargo build --release --locked --quiet --package resolute-plane --example floor
	$(BIN)/python -m bench $(BENCH)

lint: .venv/dev .venv/built ## formatters, linters, type checkers, layer contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest resolute.plane._native --allowlist .mypy-stubtest-allowlist
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

format: .venv/dev ## write what the formatters want
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cargo fmt --all

rust-test: .venv/built ## at most twenty minutes: a test that waits for ever fails
	timeout --verbose 1200 cargo test --workspace --locked

unit: .venv/dev .venv/built
	$(BIN)/pytest $(PARALLEL) tests/unit tests/property tests/rfc tests/docs

interop: .venv/dev .venv/built
	@tools/install-peers.sh
	$(BIN)/pytest $(PARALLEL) tests/interop tests/threats tests/faults

fuzz: ## each fuzz target for a minute (FUZZ_SECONDS=3600 for an hour)
	tools/fuzz.sh $(FUZZ_SECONDS)

docs: .venv/built ## write docs/settings.md and docs/checks.md
	$(BIN)/resolute check --manual > docs/settings.md
	$(BIN)/resolute check --codes > docs/checks.md

lock: ## resolve the Python dependencies anew, with hashes
	tools/lock.sh

clean: ## away with everything that was built (data directories stay)
	rm -rf .venv target fuzz/target .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f src/resolute/plane/_native*.so
	find src bench tests -name __pycache__ -prune -exec rm -rf {} +

# Stamps: nothing runs pip or cargo while the lock files and the Rust sources are as they were.

.venv/installed: requirements.lock
	@tools/prerequisites.sh $(PYTHON)
	$(PYTHON) -m venv .venv
	$(PIP) -r requirements.lock
	@touch $@

.venv/dev: requirements-dev.lock .venv/installed
	$(PIP) -r requirements-dev.lock
	@touch $@

.venv/built: .venv/installed $(RUST)
	@tools/prerequisites.sh $(PYTHON)
	PIP_QUIET=1 $(BIN)/maturin develop --release --locked --quiet
	@touch $@
