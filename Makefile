# The front door: every command a person or CI needs. `make help` lists them.

CARGO ?= cargo
# Starts a PostgreSQL of its own for one command and removes it after; see crates/testkit/src/postgres.rs.
WITH_POSTGRES = $(CARGO) run --quiet --package guildhall-testkit --bin with-postgres --

.DEFAULT_GOAL := help
.PHONY: help run build check test bench fuzz format lint deny webhook-libs scim-checkers console

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: console ## build the server and serve the demo company from guildhall-demo.db
	@echo "== Building the server, then serving the demo company from guildhall-demo.db (Ctrl-C stops it)"
	$(CARGO) run --release --package guildhall-server --bin guildhall -- serve --demo --database sqlite:guildhall-demo.db

build: console ## build the server as it is shipped, with the console: target/release/guildhall
	$(CARGO) build --release --package guildhall-server --bin guildhall

# The console, embedded in the server: console/dist, made anew when something it is made of has changed. Without npm
# the server is built all the same, and /console says how to get it.
CONSOLE_PARTS = $(shell find console -path console/node_modules -prune -o -path console/dist -prune -o -type f -print)
console:
	@if command -v npm >/dev/null && node -e 'process.exit(Number(parseInt(process.versions.node) < 20))'; then $(MAKE) --no-print-directory console/dist/index.html; \
	else echo "skipped: the console, which needs npm (Node 20 or newer)"; fi

console/node_modules/.package-lock.json: console/package.json console/package-lock.json
	@echo "== Libraries of the console"
	cd console && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

console/dist/index.html: console/node_modules/.package-lock.json $(CONSOLE_PARTS)
	@echo "== The console"
	cd console && npm run --silent build -- --logLevel warn

check: format lint ## format, lints and the fast tests: seconds once built
	@echo "== Fast tests: domain and engine"
	$(CARGO) test --package guildhall-domain --package guildhall-engine --lib

# The published SCIM checkers of the Python ecosystem, in an environment of their own; without Python they are left out.
SCIM_CHECKERS = target/scim-checkers
scim-checkers:
	@if $(SCIM_CHECKERS)/bin/python -c 'import scim2_tester' >/dev/null 2>&1; then :; \
	elif python3 -m venv $(SCIM_CHECKERS) && $(SCIM_CHECKERS)/bin/python -m pip install --quiet --requirement crates/server/tests/it/scim/requirements.txt; then :; \
	else echo "the SCIM checkers are left out: they need python3 with venv, and a package index"; rm -rf $(SCIM_CHECKERS); fi

# The tests' databases are made and dropped by the hundred: in memory that takes half the time. TMPDIR says otherwise.
ifndef TMPDIR
ROOM = $(shell df --output=avail -k /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 > 4194304 { print "/dev/shm" }')
IN_MEMORY = $(if $(ROOM),TMPDIR=$(ROOM))
endif
# While one test waits for its database, another one can run.
THREADS = $(shell expr 1 + $$(getconf _NPROCESSORS_ONLN))

test: format lint deny webhook-libs scim-checkers console ## everything CI runs: format, lints, dependency rules, all tests on SQLite and PostgreSQL
	@echo "== All tests, on SQLite and on a PostgreSQL started for them"
	if [ -x $(SCIM_CHECKERS)/bin/python ]; then export GUILDHALL_SCIM_PYTHON=$(CURDIR)/$(SCIM_CHECKERS)/bin/python; fi; \
	$(IN_MEMORY) RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$(THREADS)} \
	$(WITH_POSTGRES) $(CARGO) test --workspace
	@echo "== All passed"

# Longer runs: `make bench SECONDS=10` takes an hour. More choice: `make bench ARGS="--set M --ops a,b"`.
SECONDS ?= 2
ARGS ?=
bench: ## what each operation costs, on SQLite and PostgreSQL, beside the ceiling (a quarter of an hour)
	@echo "== Building the server and the load as they are shipped"
	$(CARGO) build --release --package guildhall-server --package guildhall-bench --bin guildhall --bin guildhall-bench
	$${CARGO_TARGET_DIR:-target}/release/guildhall-bench --seconds $(SECONDS) $(ARGS)

# The published Standard Webhooks libraries, which verify our signatures in the tests; kept in target/.
webhook-libs:
	@echo "== Standard Webhooks libraries for the tests"
	@if command -v npm >/dev/null && python3 -m pip --version >/dev/null 2>&1; \
	then npm install --silent --no-save --no-package-lock --prefix target/webhook-libs standardwebhooks@1.1.1 \
		&& { [ -d target/webhook-libs/python/standardwebhooks ] \
		|| python3 -m pip install --quiet --disable-pip-version-check --target target/webhook-libs/python standardwebhooks==1.1.0; }; \
	else echo "skipped: npm or pip is not installed"; fi

# `make fuzz FUZZ=native FUZZ_SECONDS=3600` stays with one target. Without a sanitizer the pinned toolchain does.
FUZZ ?= $(notdir $(wildcard fuzz/seeds/*))
FUZZ_SECONDS ?= 60
fuzz: ## everything that reads what a client wrote, each target for a minute; what it finds goes to fuzz/artifacts
	@$(CARGO) fuzz --version >/dev/null 2>&1 || { echo "this needs cargo-fuzz: cargo install cargo-fuzz --locked"; exit 1; }
	@for target in $(FUZZ); do \
	  echo "== Fuzzing $$target for $(FUZZ_SECONDS) s"; mkdir -p fuzz/corpus/$$target; \
	  $(CARGO) fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=10 -rss_limit_mb=1024 || exit 1; done

format:
	@echo "== Format"
	$(CARGO) fmt --all --check

lint:
	@echo "== Lints"
	$(CARGO) clippy --workspace --all-targets -- -D warnings

deny:
	@echo "== Dependency rules"
	@if $(CARGO) deny --version >/dev/null 2>&1; \
	then $(CARGO) deny check bans licenses sources; \
	else echo "skipped: cargo-deny is not installed (cargo install cargo-deny --locked)"; fi
