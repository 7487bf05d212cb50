# Every target works in a new checkout. It needs Python >= 3.11, cargo and a C and C++ compiler, and downloads the rest.
#
#   make demo     serve examples/demo (DEMO=once goes through login, refresh and logout, and stops)
#   make test     run every check, JOBS (2) at a time; all of them run, and make fails at the end if one failed
#   make lint     check format, clippy, ruff, import contracts and types
#   make hostile  send hostile input to each site on each database; `make test` sends it to each site on SQLite, and to the
#                 one with sessions on the servers
#   make browser  drive the demo page with Chromium; .cache/browser gets screenshots
#   make parity   run simplejwt's own suite, on simplejwt and on oxijwt
#   make neighbours  run dj-rest-auth, djoser, django-allauth, django-axes and adrf on oxijwt, and other packages' own suites on
#                 simplejwt and on oxijwt
#   make differential  compare oxijwt and PyJWT on DIFFERENTIAL_TOKENS (1000000) tokens; DIFFERENTIAL_SEED repeats a run
#   make bench    measure everything against simplejwt and others, and write docs/benchmarks.md and the lines of README.md
#                 (10 minutes, PostgreSQL, wrk); with PARTS="core whole" only these, and nothing is written
#   make fuzz     run every fuzz target for FUZZ_SECONDS (1800); `make test` runs each for 5 seconds
#   make docs     build the documentation site into .cache/docs, and run the code of its pages
#   make matrix   run some tests of the wheel with each Python, Django and DRF (16 minutes; Pythons come from the PATH)
#   make audit    check licenses, sources and banned crates with cargo-deny
#   make advisories  ask RustSec whether a crate has a known fault
#   make rotation-load  rotate and revoke keys under load: gunicorn on PostgreSQL (also part of `make test`)
#   make thieves  let thieves with a stolen refresh token meet honest victims, for 24 simulated hours (minutes)
#   make races    run the races of token sessions with 1000 rounds each, and every promise, on PostgreSQL and MariaDB (an hour)
#   make rolling  simulate clients while nodes of two versions serve, workers die and the database forgets: gunicorn on
#                 PostgreSQL, 10 minutes; `make test` runs it in short
#   make outage   show what a stateless service answers while its REVOCATION_CACHE is emptied, down or started again
#   make asgi     compare async requests under uvicorn with sync ones under gunicorn; `make test` runs it in short
#   make clients  let JavaScript clients (axios and fetch, under node) refresh at the same time: gunicorn on PostgreSQL, npm
#   make statements  compare kept statements with the ORM's on SQLite, PostgreSQL and MariaDB (minutes); OXIJWT_PYTHONS names
#                 other interpreters with another Django. `make test` compares a part
#   make scale    compare sessions with simplejwt's tokens at a million rows on PostgreSQL (minutes, 2 GB of disk)
#   make wheel    build the wheel and the sdist, and follow README.md with the wheel where cargo is missing (minutes);
#                 PYTHONS names interpreters. .cache/dist gets both files
#   make clean    remove everything that make has made

PYTHON ?= python3
PORT ?= 8000
FUZZ_SECONDS ?= 1800
JOBS ?= 2
PY := .venv/bin/python

# These checks come first. `make clean` needs neither cargo nor Python.
ifneq ($(filter-out clean,$(or $(MAKECMDGOALS),test)),)
ifeq ($(shell command -v cargo),)
$(error oxijwt needs cargo to build its core (Rust 1.88 or newer))
endif
ifneq ($(shell $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null),True)
$(error oxijwt needs Python 3.11 or newer, and '$(PYTHON)' is not: name one, as in make PYTHON=python3.12)
endif
endif

# The versions of everything that pip installs, also when maturin calls pip.
export PIP_CONSTRAINT := $(CURDIR)/tools/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# maturin and pyo3 use this environment, and not the one that the caller has activated.
export VIRTUAL_ENV := $(CURDIR)/.venv
export PYO3_PYTHON := $(VIRTUAL_ENV)/bin/python
unexport PYTHONPATH

# maturin, clippy and cargo test share one profile, so aws-lc-sys is compiled once.
CARGO_FLAGS := --release --locked
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find src -name '*.rs')

LINT := fmt clippy ruff imports types pyright stubtest
SITES := python-test postgres-test mariadb-test sqlite-sessions postgres-sessions mariadb-sessions \
	sqlite-hostile postgres-hostile mariadb-hostile
RACES := postgres-races mariadb-races
# They start in this order: the long ones first, so that no long one is left at the end.
TEST := mariadb-sessions postgres-sessions python-test sqlite-sessions rust-test fuzz-smoke sqlite-hostile mariadb-test \
	postgres-test postgres-hostile mariadb-hostile browser parity neighbours statements-smoke bench-smoke differential-smoke \
	docs $(LINT)

# Suites that `make test` does not run, or not at full length.
LONG := hostile rotation-load rolling rolling-smoke asgi asgi-smoke clients bench differential fuzz generated-texts audit scale \
	statements thieves races outage wheel matrix advisories
.PHONY: demo test side-by-side together lint clean $(TEST) $(RACES) $(LONG)
# Only `side-by-side` runs two things at a time: it calls make again, for `together`.
ifneq ($(MAKECMDGOALS),together)
.NOTPARALLEL:
else
# These variables name a job server that only make can reach. cargo would try to use it and print a warning.
unexport MAKEFLAGS MFLAGS
endif

test: .venv/built
	@$(MAKE) --no-print-directory --keep-going side-by-side rotation-load rolling-smoke asgi-smoke clients

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

# pyright checks a project's code strictly, and that the types of at least 95 % of the public symbols are known.
pyright: .venv/built
	$(PY) -m pyright --pythonpath $(PY)
	$(PY) -m tools.typed

stubtest: .venv/built
	$(PY) -m mypy.stubtest oxijwt._core

# Every warning is an error, also about a link inside the site that leads nowhere. The tests run the pages' Python blocks.
docs: .venv/built
	$(PY) -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --fresh-env -d .cache/doctrees docs .cache/docs
	$(PY) -m pytest --ds=tests.sites.sessions tests/docs

rust-test:
	cargo test $(CARGO_FLAGS)
	@cargo test $(CARGO_FLAGS) --test core vectors -- --nocapture | sed -n 's/^vectors //p' | sort

# Each target has its own test databases, so that two targets never share one. The names begin with OXIJWT_DATABASE_NAME.
DATABASE_NAME := $(or $(OXIJWT_DATABASE_NAME),oxijwt)
$(SITES) $(RACES) rotation-load rolling rolling-smoke asgi asgi-smoke clients outage statements statements-smoke bench \
	bench-smoke: \
	override export OXIJWT_DATABASE_NAME = \
	$(DATABASE_NAME)_$(subst -,_,$@)

# All tests run on SQLite, apart from the browser's. Tests that use tables, and so have pytest-django's mark, also run on the
# servers.
python-test: .venv/built
	$(PY) -m pytest --ignore=tests/suites/browser

# The demo site has its own database, in a temporary folder.
browser: .venv/built
	$(PY) -m pytest tests/suites/browser

postgres-test mariadb-test: .venv/built
	OXIJWT_DATABASE=$(@:-test=) $(PY) -m pytest -m django_db

# Token sessions run on four sites: with sessions, on the way from simplejwt, with users whose key is a UUID, and with users in
# another database. SQLite in memory has one connection, so the tests that need a second one also run on a file. Two more sites
# have the async token views in place of the sync ones.
sqlite-sessions postgres-sessions mariadb-sessions: .venv/built
	OXIJWT_DATABASE=$(@:-sessions=) $(PY) -m pytest --ds=tests.sites.sessions tests/oxijwt/token_sessions \
		$(if $(filter sqlite-%,$@),tests/oxijwt/cookies tests/oxijwt/testing)
	OXIJWT_DATABASE=$(@:-sessions=) $(PY) -m pytest --ds=tests.sites.adoption \
		$(addprefix tests/oxijwt/token_sessions/,test_adoption.py rotation/test_both_apps.py rotation/test_markers.py \
			test_flush.py test_kept_statements.py test_races.py aio/test_authentication.py)
	OXIJWT_DATABASE=$(@:-sessions=) $(PY) -m pytest --ds=tests.sites.uuid_sessions tests/oxijwt/token_sessions
	OXIJWT_DATABASE=$(@:-sessions=) $(PY) -m pytest --ds=tests.sites.apart tests/oxijwt/token_sessions
	$(if $(filter sqlite-%,$@),$(PY) -m pytest --ds=tests.sites.sqlite_file \
		$(addprefix tests/oxijwt/token_sessions/,reuse/test_reuse.py ends/test_refused.py))
	$(if $(filter sqlite-%,$@),$(PY) -m pytest --ds=tests.sites.aio.sessions \
		$(addprefix tests/oxijwt/token_sessions/,test_views.py test_statements.py reuse rotation requests))
	$(if $(filter sqlite-%,$@),$(PY) -m pytest --ds=tests.sites.aio.blacklist \
		$(addprefix tests/oxijwt/,test_views.py test_audience_views.py token_blacklist))
	$(if $(filter sqlite-%,$@),$(PY) -m pytest --ds=tests.sites.sessions tests/suites/thieves)

# The hostile suite runs on the other sites here. The tests above run it on the plain site. On a server it runs on the site with
# sessions; `make hostile` runs it there on each site.
sqlite-hostile postgres-hostile mariadb-hostile: .venv/built
	OXIJWT_DATABASE=$(@:-hostile=) $(PY) -m pytest --ds=tests.sites.sessions tests/suites/hostile
	$(if $(EACH_SITE)$(filter sqlite-%,$@),OXIJWT_DATABASE=$(@:-hostile=) \
		$(PY) -m pytest --ds=tests.sites.uuid_blacklist tests/suites/hostile)
	$(if $(EACH_SITE)$(filter sqlite-%,$@),OXIJWT_DATABASE=$(@:-hostile=) \
		$(PY) -m pytest --ds=tests.sites.uuid_sessions tests/suites/hostile)

hostile: .venv/built
	@$(MAKE) --no-print-directory --keep-going EACH_SITE=1 sqlite-hostile postgres-hostile mariadb-hostile

parity: .venv/built
	$(PY) -m tests.suites.parity.run

neighbours: .venv/built
	$(PY) -m tests.suites.neighbours.run

statements statements-smoke: .venv/built
	$(PY) -m tests.suites.statements $(if $(filter statements-smoke,$@),--short)

# Never at the same time as other suites: it uses both processors and measures seconds.
rotation-load: .venv/built
	$(PY) -m tests.suites.rotation_load

asgi: .venv/built
	$(PY) -m tests.suites.asgi

asgi-smoke: .venv/built
	$(PY) -m tests.suites.asgi --short

# Likewise: an access token lives for seconds.
clients: .venv/built
	$(PY) -m tests.suites.clients

# Likewise.
rolling rolling-smoke: .venv/built
	$(PY) -m tests.suites.rolling $(if $(filter rolling-smoke,$@),--smoke)

outage: .venv/built
	$(PY) -m tests.suites.outage

# MATRIX="--tags quick" runs the oldest and the newest versions only.
matrix: .venv/stamp
	$(PY) -m pip install --quiet --group matrix
	.venv/bin/maturin build $(CARGO_FLAGS)
	$(PY) -m nox $(MATRIX)

# Both work without cargo-fuzz, clang and a nightly toolchain; see docs/dev/fuzzing.md.
fuzz fuzz-smoke:
	$(PYTHON) -m tools.fuzz --seconds $(if $(filter fuzz,$@),$(FUZZ_SECONDS),5)

# The tests that compare two readers make few texts in `make test`, and 3 million here.
fuzz: generated-texts

generated-texts:
	OXIJWT_FULL=1 cargo test $(CARGO_FLAGS) --test core -- --nocapture token::flat token::encoding

# cargo-deny comes from the PATH. Otherwise make compiles it once.
CARGO_DENY := $(or $(shell command -v cargo-deny),.cache/cargo/bin/cargo-deny)

# RustSec's list of advisories is a git repository, so `advisories` needs a network that reaches it. `audit` does not.
audit advisories: $(CARGO_DENY)
	for manifest in Cargo.toml tests/suites/fuzz/Cargo.toml; do \
		$(CARGO_DENY) --manifest-path $$manifest --all-features --locked --config deny.toml check \
			$(if $(filter audit,$@),--allow license-exception-not-encountered bans licenses sources,advisories) || exit 1; \
	done

.cache/cargo/bin/cargo-deny:
	cargo install --root .cache/cargo --locked cargo-deny --version 0.20.2

DIFFERENTIAL_TOKENS ?= 1000000

# `make differential` makes new tokens each time. `make test` always makes the same ones.
differential: .venv/built
	$(PY) -m tests.suites.differential --tokens $(DIFFERENTIAL_TOKENS) --processes 2 $(DIFFERENTIAL_SEED:%=--seed %)

differential-smoke: .venv/built
	$(PY) -m tests.suites.differential --tokens 100000 --processes 1 --seed smoke

bench: .venv/built
	$(PY) -m tests.suites.bench $(PARTS)

# It shows that every part works, not how fast it is. So it may run at the same time as other suites.
bench-smoke: .venv/built
	$(PY) -m tests.suites.bench --short

wheel: .venv/built
	$(PY) -m tests.suites.packaging $(PYTHONS)

thieves: .venv/built
	$(PY) -m tests.suites.thieves

# OXIJWT_FULL makes 1000 rounds of the 50 that `make test` runs. A crash needs no rounds: it is tried at each statement.
races: $(RACES)

$(RACES): .venv/built
	OXIJWT_FULL=1 OXIJWT_DATABASE=$(@:-races=) $(PY) -m pytest --ds=tests.sites.sessions \
		$(addprefix tests/oxijwt/token_sessions/,test_races.py processes/test_crashes.py processes/test_crashes_apart.py promises)
	OXIJWT_FULL=1 OXIJWT_DATABASE=$(@:-races=) $(PY) -m pytest --ds=tests.sites.adoption \
		tests/oxijwt/token_sessions/test_races.py

scale: .venv/built
	nice $(PY) -m tests.suites.scale

demo: .venv/built
ifeq ($(DEMO),once)
	@$(PY) -m tools.demo walk
else
	@$(PY) -m tools.demo $(PORT)
endif

# make creates the environment once and updates it when the versions change.
.venv/stamp: pyproject.toml tools/constraints.txt
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --quiet --group dev
	@touch $@

# This makes the package and its extension importable from .venv.
.venv/built: .venv/stamp $(RUST_SOURCES)
	PIP_QUIET=1 .venv/bin/maturin develop $(CARGO_FLAGS)
	@touch $@

clean:
	rm -rf .venv .cache target python/oxijwt/*.so
