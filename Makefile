# Every target installs the system packages that it needs, if any is missing.
.DEFAULT_GOAL := help
.PHONY: help demo build test lint unit doc-tests man player player-tests fuzz large faults soak bench packages test-packages clean

CARGO ?= cargo
PACKAGES := scripts/system-packages.sh
# The directory that cargo builds in, for the recipes.
TARGET = $$($(CARGO) metadata --format-version 1 --no-deps --locked \
    | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Pack, list and extract the sample calls, each command shown
	@$(PACKAGES) build demo
	$(CARGO) build --release --locked
	@CALLSEAL="$(TARGET)/release/callseal" scripts/demo.sh

build: ## Build the program (target/release/callseal)
	@$(PACKAGES) build
	$(CARGO) build --release --locked

test: ## Check everything: format, lints, docs, tests, the player's page
	@$(PACKAGES) build test player
	@$(MAKE) --no-print-directory lint unit doc-tests player-tests

# The bodies of the fuzz targets are part of a test, and linted with it.
lint: ## Check the format, the lints, the docs and the dependencies
	@$(PACKAGES) build
	@scripts/cargo-tool.sh deny
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path fuzz/Cargo.toml
	$(CARGO) clippy --all-targets --locked -- -D warnings
	$(CARGO) clippy --lib --examples --no-default-features --locked -- -D warnings
	@scripts/library-dependencies.sh
	RUSTDOCFLAGS='-D warnings' scripts/public-names.sh 60 >/dev/null
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --lib --example ivr_server --locked --document-private-items
	$(CARGO) deny --locked --log-level error check bans licenses sources

# Some tests wait for seconds most of the time, so that more of them run at once.
WAITING := test(/^(watch|play_hostile)/)

unit:
	@scripts/fetch-pkits.sh "$(TARGET)"
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	    set -ex; \
	    $(CARGO) nextest run --locked --lib --bins --tests -E 'not $(WAITING)'; \
	    $(CARGO) nextest run --locked --lib --bins --tests -E '$(WAITING)' \
	        --test-threads $$((2 * $$(nproc))); \
	else \
	    set -x; $(CARGO) test --locked --lib --bins --tests; \
	fi

doc-tests:
	$(CARGO) test --doc --locked

man: ## Regenerate the man pages from the argument definitions
	@$(PACKAGES) build
	$(CARGO) build -q --locked --bin callseal
	rm -f man/*.1
	$(CARGO) run -q --locked --bin callseal -- man --out man

player: ## Build the player's page from its sources (web/player.html)
	@$(PACKAGES) player
	cd web && npm ci --no-audit --no-fund && npm run build

player-tests: ## Test the player's page in Node.js and Chromium (2 minutes)
	@$(PACKAGES) build player
	$(CARGO) build -q --locked
	cd web && npm ci --no-audit --no-fund && npm run check && npm test
	CALLSEAL="$(TARGET)/debug/callseal" npm --prefix web run test:browser

fuzz: ## Fuzz every target for a minute (FUZZ_SECONDS=60)
	@$(PACKAGES) build fuzz
	@scripts/cargo-tool.sh fuzz
	@scripts/fuzz.sh

large: ## Test 6 GiB and 100,000 members (14 GB of disk, some minutes)
	@$(PACKAGES) build test
	$(CARGO) test --release --locked --test large -- --include-ignored --test-threads 1

faults: ## Let each system call of each command fail, by strace (20 minutes)
	@$(PACKAGES) build test
	$(CARGO) test --locked --test suite -- --ignored --nocapture --test-threads 1 faults:: watch_killed:: watch_limits::

soak: ## Run the service with kills, full disks and more (SOAK_MINUTES=10)
	@$(PACKAGES) build test
	$(CARGO) test --release --locked --test soak -- --ignored --nocapture

bench: ## Measure: the library, then the program against gpg, age, openssl and others
	@$(PACKAGES) build test player
	$(CARGO) bench --locked
	$(CARGO) build --release --locked
	@CALLSEAL="$(TARGET)/release/callseal" scripts/compare.sh
	cd web && npm ci --no-audit --no-fund
	CALLSEAL="$(TARGET)/release/callseal" npm --prefix web run bench

packages: ## Build the .deb, .rpm and .tar.gz for amd64 (target/packages)
	@$(PACKAGES) build packages
	@scripts/cargo-tool.sh deb
	@scripts/cargo-tool.sh generate-rpm
	@scripts/packages.sh "$(TARGET)"

test-packages: packages ## Install the packages in fresh systems, and use them there (as root)
	@$(PACKAGES) test-packages
	@scripts/test-packages.sh "$(TARGET)"

clean: ## Remove the build output
	$(CARGO) clean
	$(CARGO) clean --manifest-path fuzz/Cargo.toml
