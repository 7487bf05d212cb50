# Every target starts from a bare checkout. Needs Python >= 3.11, cargo and a C and C++ compiler; the rest comes from PyPI and
# crates.io.
#
#   make demo     serve examples/demo (DEMO=once walks through it and ends)
#   make test     every check there is, JOBS (2) at a time; all of them run, and it fails at the end if one failed
#   make lint     format, clippy, ruff, import contracts, types
#   make parity   simplejwt's own suite, on simplejwt and on oxijwt
#   make differential  oxijwt and PyJWT on generated tokens (DIFFERENTIAL_TOKENS, 1000000; DIFFERENTIAL_SEED makes a run's again)
#   make bench    the token layer against simplejwt's, what refusing costs, and what a ring of many keys costs
#   make fuzz     every fuzz target for FUZZ_SECONDS (1800); `make test` runs each for 5 seconds
#   make audit    check licenses, sources and banned crates with cargo-deny
#   make rotation-load  keys rotated and revoked under load: gunicorn on PostgreSQL (in `make test` too)
#   make scale    sessions at a million rows on PostgreSQL, beside simplejwt's tokens (minutes, 2 GB of disk)
#   make clean    remove all that make made

PYTHON ?= python3
PORT ?= 8000
FUZZ_SECONDS ?= 1800
JOBS ?= 2
PY := .venv/bin/python

# Asked before anything is made; `make clean` needs neither.
ifneq ($(filter-out clean,$(or $(MAKECMDGOALS),test)),)
ifeq ($(shell command -v cargo),)
$(error oxijwt needs cargo to build its core (Rust 1.88 or newer))
endif
ifneq ($(shell $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null),True)
$(error oxijwt needs Python 3.11 or newer, and '$(PYTHON)' is not: name one, as in make PYTHON=python3.12)
endif
endif

# One resolver result for everything that pip installs, maturin's own calls included.
export PIP_CONSTRAINT := $(CURDIR)/tools/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# maturin and pyo3 take this environment, whatever the caller has active.
export VIRTUAL_ENV := $(CURDIR)/.venv
export PYO3_PYTHON := $(VIRTUAL_ENV)/bin/python
unexport PYTHONPATH

# maturin, clippy and cargo test share one profile, so that aws-lc-sys is compiled once.
CARGO_FLAGS := --release --locked
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find src -name '*.rs')

LINT := fmt clippy ruff imports types stubtest
SITES := python-test postgres-test mariadb-test sqlite-sessions postgres-sessions mariadb-sessions \
	sqlite-hostile postgres-hostile mariadb-hostile
# Begun in this order: the long ones first, so that at the end nobody waits for one of them.
TEST := postgres-sessions mariadb-sessions rust-test python-test fuzz-smoke postgres-hostile mariadb-hostile postgres-test \
	mariadb-test sqlite-hostile sqlite-sessions parity differential-smoke $(LINT)

.PHONY: demo test side-by-side together rotation-load lint bench differential fuzz audit scale clean $(TEST)
# `side-by-side` asks for `together` in a make of its own: nothing else runs two things at a time.
ifneq ($(MAKECMDGOALS),together)
.NOTPARALLEL:
else
# They tell of a job server, which only a make can reach; cargo would try, and say that it failed.
unexport MAKEFLAGS MFLAGS
endif

test: .venv/built
	@$(MAKE) --no-print-directory --keep-going side-by-side rotation-load

side-by-side: .venv/built
	@$(MAKE) --no-print-directory --keep-going --jobs $(JOBS) --output-sync=target together

together: $(TEST)

lint: .venv/built
	@$(MAKE) --no-print-directory --keep-going $(LINT)

fmt:
	cargo fmt --check
	cargo fmt --check --manifest-path tests/suites/fuzz/Cargo.toml

clippy: .venv/stamp
	cargo clippy $(CARGO_FLAGS) --all-targets --features python -- -D warnings
	cargo clippy $(CARGO_FLAGS) --manifest-path tests/suites/fuzz/Cargo.toml --target-dir target -- -D warnings

ruff: .venv/stamp
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

imports: .venv/built
	.venv/bin/lint-imports --no-logo

types: .venv/built
	$(PY) -m mypy

stubtest: .venv/built
	$(PY) -m mypy.stubtest oxijwt._core

rust-test:
	cargo test $(CARGO_FLAGS)
	@cargo test $(CARGO_FLAGS) --test core vectors -- --nocapture | sed -n 's/^vectors //p' | sort

# Each has test databases of its own, named after the caller's, so that they don't meet.
DATABASE_NAME := $(or $(OXIJWT_DATABASE_NAME),oxijwt)
$(SITES) rotation-load: override export OXIJWT_DATABASE_NAME = $(DATABASE_NAME)_$(subst -,_,$@)

# SQLite runs everything; what touches tables, and so has pytest-django's mark, runs on the servers as well.
python-test: .venv/built
	$(PY) -m pytest

postgres-test mariadb-test: .venv/built
	OXIJWT_DATABASE=$(@:-test=) $(PY) -m pytest -m django_db

# Token sessions: a site of their own, one on its way from simplejwt, and one whose users have UUIDs.
sqlite-sessions postgres-sessions mariadb-sessions: .venv/built
	OXIJWT_DATABASE=$(@:-sessions=) $(PY) -m pytest --ds=tests.sites.sessions tests/oxijwt/token_sessions
	OXIJWT_DATABASE=$(@:-sessions=) $(PY) -m pytest --ds=tests.sites.adoption \
		$(addprefix tests/oxijwt/token_sessions/,test_adoption.py test_flush.py test_races.py)
	OXIJWT_DATABASE=$(@:-sessions=) $(PY) -m pytest --ds=tests.sites.uuid_sessions tests/oxijwt/token_sessions

# The hostile suite on the other sites; the tests above run it on the plain one.
sqlite-hostile postgres-hostile mariadb-hostile: .venv/built
	OXIJWT_DATABASE=$(@:-hostile=) $(PY) -m pytest --ds=tests.sites.sessions tests/suites/hostile
	OXIJWT_DATABASE=$(@:-hostile=) $(PY) -m pytest --ds=tests.sites.uuid_blacklist tests/suites/hostile
	OXIJWT_DATABASE=$(@:-hostile=) $(PY) -m pytest --ds=tests.sites.uuid_sessions tests/suites/hostile

parity: .venv/built
	$(PY) -m tests.suites.parity.run

# By itself: it fills both processors, and measures seconds.
rotation-load: .venv/built
	$(PY) -m tests.suites.rotation_load

# Both work without cargo-fuzz, clang and a nightly toolchain: docs/dev/fuzzing.md.
fuzz fuzz-smoke:
	$(PYTHON) -m tools.fuzz --seconds $(if $(filter fuzz,$@),$(FUZZ_SECONDS),5)

# cargo-deny from the PATH, or compiled once.
CARGO_DENY := $(or $(shell command -v cargo-deny),.cache/cargo/bin/cargo-deny)

audit: $(CARGO_DENY)
	for manifest in Cargo.toml tests/suites/fuzz/Cargo.toml; do \
		$(CARGO_DENY) --manifest-path $$manifest --all-features --locked --config deny.toml \
			check --allow license-exception-not-encountered bans licenses sources || exit 1; \
	done

.cache/cargo/bin/cargo-deny:
	cargo install --root .cache/cargo --locked cargo-deny --version 0.20.2

DIFFERENTIAL_TOKENS ?= 1000000

# New tokens every time, and in `make test` always the same.
differential: .venv/built
	$(PY) -m tests.suites.differential --tokens $(DIFFERENTIAL_TOKENS) --processes 2 $(DIFFERENTIAL_SEED:%=--seed %)

differential-smoke: .venv/built
	$(PY) -m tests.suites.differential --tokens 100000 --processes 1 --seed smoke

bench: .venv/built
	$(PY) -m tests.suites.bench.token_layer
	$(PY) -m tests.suites.bench.refusals
	$(PY) -m tests.suites.bench.key_ring

scale: .venv/built
	nice $(PY) -m tests.suites.scale

demo: .venv/built
ifeq ($(DEMO),once)
	@$(PY) -m tools.demo walk
else
	@$(PY) -m tools.demo $(PORT)
endif

# Made once, and brought up to date when the versions change.
.venv/stamp: pyproject.toml tools/constraints.txt
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --quiet --group dev
	@touch $@

# The package and its extension, importable from .venv.
.venv/built: .venv/stamp $(RUST_SOURCES)
	PIP_QUIET=1 .venv/bin/maturin develop $(CARGO_FLAGS)
	@touch $@

clean:
	rm -rf .venv .cache target python/oxijwt/*.so
