# Every target starts from a bare checkout. Needs Python >= 3.11 and cargo; everything else comes from PyPI and crates.io.
PYTHON ?= python3
PORT ?= 8000
PY := .venv/bin/python

# One resolver result for everything that pip installs, maturin's own calls included.
export PIP_CONSTRAINT := $(CURDIR)/tools/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# maturin installs here, whatever environment the caller has active.
export VIRTUAL_ENV := $(CURDIR)/.venv
# The core is built once with one profile: `cargo test`, clippy and maturin share target/release and aws-lc-sys in it.
CARGO_FLAGS := --release --locked

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find src -name "*.rs")

.PHONY: demo test lint bench parity rust-test python-test clean prerequisites
.DELETE_ON_ERROR:

prerequisites:
	@command -v cargo >/dev/null || { echo "oxijwt needs cargo (Rust 1.88 or newer) to build its core: https://rustup.rs" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "oxijwt needs Python 3.11 or newer; '$(PYTHON)' is not. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }

.venv/stamp: pyproject.toml tools/constraints.txt | prerequisites
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --quiet --group dev
	touch $@

# The extension, importable as oxijwt from .venv, with the package's own dependencies.
.venv/built: .venv/stamp $(RUST_SOURCES)
	.venv/bin/maturin develop --release --locked --quiet
	touch $@

clean:
	rm -rf .venv .cache target python/oxijwt/*.so
