# Freehold: `make demo` runs the whole exchange, `make test` the suite. Both set up what is missing.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
KERNEL_SOURCES := CMakeLists.txt $(wildcard prover/kernel/*.cpp prover/kernel/*.h)

export SOLCX_BINARY_PATH := $(abspath $(VENV)/solc)
export PATH := $(abspath $(BIN)):$(PATH)

FORCE:
.PHONY: FORCE weekly slither exchange demo demo-anvil test test-anvil test-slow test-browser test-web coverage docs lint lint-python lint-solidity format setup clean help contracts wheel cross cross-test

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

demo: setup ## run the whole exchange on the embedded chain, with real proofs
	@ape run demo --verbosity WARNING --network ethereum:local:test

exchange: contracts ## run a whole exchange on this machine; MINUTES=N ends it by itself
	@freehold exchange run $(if $(MINUTES),--minutes $(MINUTES))

demo-anvil: setup ## the same on anvil, a faster chain
	@ape run demo --verbosity WARNING --network ethereum:local:foundry

test: contracts ## run the suite in two halves at once (slow tests excluded)
	@.ci/test

test-anvil: contracts ## run the contracts' tests on anvil
	@ape test tests/contracts --network ethereum:local:foundry

coverage: contracts ## what the tests run of the exchange's contracts, into docs/coverage.md
	@PYTHONPATH=. ape test -p tests.support.coverage tests/contracts/common tests/contracts/perpetual \
	  tests/contracts/facts tests/contracts/committee tests/contracts/escape \
	  -m "not slow or coverage" -k "not exchange_machine and not exchange_gas and not half_million"

test-browser: setup $(VENV)/browser/chromium ## look at the pages in a headless Chromium, which this fetches
	@ape test tests -m browser

test-web: web/node_modules/.package-lock.json ## check and test the page's sources
	@cd web && npm test --silent

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@cd web && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

$(VENV)/browser/chromium: .ci/browser/setup .ci/browser/package-lock.json
	@.ci/browser/setup $(VENV)/browser
	@touch $@

weekly: test test-slow test-browser test-web test-anvil coverage slither ## all that can be run here: an hour and a half, so not before each change

slither: setup $(VENV)/slither ## static analysis of the exchange's contracts
	@PATH="$$PATH:$(abspath $(VENV)/slither/bin)" $(BIN)/python .ci/slither

$(VENV)/slither: .ci/slither # an environment of its own: it needs other versions of what Ape needs
	@$(BIN)/python -m venv --clear $@ && $@/bin/python -m pip install --quiet --disable-pip-version-check slither-analyzer==0.11.6
	@touch $@

test-slow: contracts ## run the slow tests
	@ape test tests -m slow

docs: setup ## the pages as a site in build/site; a link that leads nowhere fails
	@NO_MKDOCS_2_WARNING=1 mkdocs build --strict && echo "build/site/index.html"

lint: lint-python lint-solidity ## linters and formatter check

lint-python: setup ## linter, formatter and type check of the Python sources
	@ruff check . && ruff format --check . && mypy

lint-solidity: setup ## linter of the contracts, generated ones left out
	@$(VENV)/node/node_modules/.bin/solhint --disc --noPoster --config .ci/node/solhint.json \
	  $$(find contracts -name '*.sol' -not -path '*/generated/*' -not -path '*/.cache/*')

format: setup ## format the Python sources
	@ruff check --fix . ; ruff format .

contracts: setup ## compile the contracts that changed, with all that import them
	@python -m freehold.chain.compilation

wheel: contracts ## the package with its compiled contracts, into build/wheel
	@python -m freehold.chain.packaging
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w build/wheel . && ls build/wheel

setup: $(VENV)/.kernel ## environment, compiler and kernel in .venv

$(VENV)/.environment: .ci/requirements.txt .ci/node/package.json .ci/node/package-lock.json .ci/setup
	@.ci/setup $(VENV)
	@touch $@

# The list of modules: an editable install knows each by its path, so it is made anew when one comes, goes or moves.
$(VENV)/.modules: FORCE
	@mkdir -p $(VENV); find prover freehold -name '*.py' | sort | cmp -s - $@ || find prover freehold -name '*.py' | sort > $@

$(VENV)/.kernel: $(VENV)/.environment $(VENV)/.modules pyproject.toml $(KERNEL_SOURCES)
	@printf '  Kernel and the command freehold'
	@SECONDS=0; $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . && \
	  echo ": $$SECONDS s"
	@touch $@

cross: $(VENV)/.environment ## compile the kernel for other processors
	@.ci/cross $@

cross-test: $(VENV)/.environment ## the same, and run its self-check there by qemu
	@.ci/cross $@

clean: ## remove everything that set-up and runs made
	rm -rf $(VENV) build .build contracts/.cache .pytest_cache .hypothesis .mypy_cache .ruff_cache
