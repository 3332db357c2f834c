# Every command of this project. CI calls these targets and nothing else.
# Paths are relative on purpose: a folder with a space in its name works.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Many a container sets it. Without bytecode each `gates` that a test starts compiles all of its modules anew, which is
# what half of its time went to.
unexport PYTHONDONTWRITEBYTECODE

# PYTHON=/path/to/python chooses the interpreter of .venv; without it, the first that is 3.9 or newer.
PYTHON ?=
# What `make test` hands to pytest: make test TESTS="tests/unit -k waiver"
TESTS ?=
# How `make gates` reports: make gates REPORTS="--report github --report sarif=gates.sarif"
REPORTS ?= --report text
# ALLOW_DIRTY=1 lets `make gates` and `make evidence` write evidence of a tree that is no commit; the evidence says so.
# It is what happens anywhere but in CI.
ALLOW_DIRTY ?= $(if $(CI),,1)
# Where `make flakes` looks: every test runs about 110 times, so that the whole suite would take a night.
FLAKES ?= tests/guardian/test_switches.py tests/orchestrator/test_deadline.py tests/unit/test_finding.py tests/unit/test_globs.py tests/unit/test_number_words.py tests/unit/test_own_folder.py tests/flakes/test_circumstances.py
# UPGRADE=1 lets `make lock` take newer releases.
UPGRADE ?=
# What `make observability` is to do: CHECK=--check compares.
CHECK ?=
# BASE=REF lets `make secrets` search what the commits since brought, `make sbom` say what changed since, and `make measure`,
# `make promotion-gate` and `make changes-check` compare with another commit.
BASE ?=
# KEY=FILE, a private key, signs the bundle of `make readiness`: where promotion.toml names keys, nothing else is evidence.
KEY ?=
# ADVISORIES=all.zip is imported where `make audit` and `make acceptance` would fetch what OSV publishes of PyPI.
ADVISORIES ?=
# TREND=1 lets `make measure` add to .ci/timings.json.
TREND ?=

# Which workflows `make ci-local` runs, by file or by file and job: make ci-local ONLY="docs nightly/secrets"; all of them without.
ONLY ?=
# A release of another version than that of gates/__init__.py is refused: make release TAG=v0.1.0
TAG ?=

# What `make feed` remembers, and what `make ask` asks.
DOCS ?= docs README.md
Q ?=
# QUICK=--quick takes a first look with `make bench-recorder`, `make bench-runtime` and `make bench-peers`; LONG=--long adds ten minutes at half load.
QUICK ?=
LONG ?=

RUN := .venv/bin
EVIDENCE := .gates/evidence
RECORDINGS := .gates/recordings
# What diff-cover says of the same run, for people: it goes into the bundle of `make acceptance`.
PAGES := $(RECORDINGS)/diff-cover

.PHONY: help
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup:
	@.ci/venv .venv $(if $(PYTHON),"$(PYTHON)")

##########################################################################################

.PHONY: gates
gates: setup  ## every gate on this repository, with the evidence in .gates/evidence
	@$(RUN)/gates run $(REPORTS) --evidence $(EVIDENCE) $(if $(ALLOW_DIRTY),--allow-dirty)

.PHONY: test
test: setup  ## the tests
	@$(RUN)/python -m pytest -q -n auto --dist worksteal $(TESTS)

.PHONY: check
check: format-check lint types layers edges schemas-check reference-check lanes-check observability-check self  ## format, lint, types, layer contracts, and the gates on this repository

.PHONY: acceptance
acceptance: recordings advisories  ## what blocks a merge: the recordings, then every gate with --strict
	@$(MAKE) flakes || echo 'flaky-test judges what was recorded' >&2
	@$(MAKE) measure || echo 'broken-budget judges what was recorded' >&2
	@$(RUN)/gates run --strict $(REPORTS) --evidence $(EVIDENCE) $$(ls $(PAGES).* 2>/dev/null | sed 's/^/--attach /')

.PHONY: matrix
matrix:  ## the tests on every Python from 3.9 to 3.13 that is found
	@.ci/matrix -n auto --dist worksteal $(TESTS)

##########################################################################################

.PHONY: ci-local
ci-local: setup  ## run what the workflows run, in order, in a clean clone of HEAD: make ci-local ONLY=docs
	@$(RUN)/python scripts/ci_local.py $(ONLY)

.PHONY: base
base:  ## give a clone that CI made the branch main, which changes are compared with
	@git show-ref --verify --quiet refs/heads/main || git branch --quiet --no-track main origin/main

.PHONY: workflows
workflows: setup  ## the workflows and the action: actionlint, zizmor, pins
	@$(RUN)/actionlint
	@$(RUN)/gates run --strict --gate unpinned-action --gate unsafe-workflow $(REPORTS)

.PHONY: links vocabulary
links: setup  ## links in documents, and what context files claim
	@$(RUN)/gates run --strict --gate dead-link --gate stale-context $(REPORTS)
vocabulary: setup  ## words that policies/vocabulary.toml retires
	@$(RUN)/gates run --strict --gate retired-word $(REPORTS)

.PHONY: context propose-context
context: setup  ## write the generated parts of the context files
	@$(RUN)/gates context --write
propose-context: context  ## propose what `make context` wrote as a pull request; needs gh and GH_TOKEN
	@.ci/propose-context

.PHONY: changes-check
changes-check: setup  ## what users see changes only with a fragment in changes/: make changes-check BASE=origin/main
	@BASE="$(BASE)" .ci/changes-check

##########################################################################################

.PHONY: format
format: setup  ## write the code as `make check` wants it
	@$(RUN)/ruff format --quiet
	@$(RUN)/ruff check --quiet --fix

.PHONY: schemas
schemas: setup  ## write gates/schemas/ from the types that read the policies
	@$(RUN)/python -m gates.schema write

.PHONY: observability
# CHECK=--check says what differs, and writes nothing.
observability: setup  ## write observability/ from policies/objectives.toml and the service's catalogue; CHECK=--check compares
	@if [ -n "$(CHECK)" ]; then \
		env -u LUKHAS_BUDGET $(RUN)/python -m runtime describe --telemetry | diff -u observability/catalogue.json - \
			|| { echo 'observability/catalogue.json is not what the service says; run `make observability`' >&2; exit 1; }; \
	else \
		env -u LUKHAS_BUDGET $(RUN)/python -m runtime describe --telemetry > .venv/catalogue.json; \
		cp .venv/catalogue.json observability/catalogue.json; \
	fi
	@$(RUN)/gates observability $(CHECK)

.PHONY: format-check lint types layers edges schemas-check reference-check lanes-check observability-check self
observability-check:
	@$(MAKE) observability CHECK=--check > .venv/observability.txt || { cat .venv/observability.txt; exit 1; }
format-check: setup
	@$(RUN)/ruff format --quiet --check || { echo 'run `make format`' >&2; exit 1; }
lint: setup
	@$(RUN)/ruff check --quiet
types: setup
	@$(RUN)/mypy --no-error-summary
layers: setup
	@$(RUN)/lint-imports --no-cache > .venv/layers.txt || { cat .venv/layers.txt; exit 1; }
edges: setup
	@$(RUN)/python -m bench.cross_check . > .venv/edges.txt || { cat .venv/edges.txt; exit 1; }
schemas-check: setup
	@$(RUN)/python -m gates.schema check
reference-check: setup
	@$(RUN)/python scripts/gate_reference.py --check
lanes-check: setup
	@$(RUN)/python scripts/lanes_page.py --check
self: setup
	@$(RUN)/gates run --report text
	@$(RUN)/gates prove

.PHONY: recordings coverage pages telemetry-recording
recordings: coverage telemetry-recording boot-recording drill
telemetry-recording: setup
	@env -u LUKHAS_OTLP $(RUN)/python -m runtime drive
coverage: setup  ## record which lines the tests reach, and which imports really happen in them
	@mkdir -p $(RECORDINGS)
	@PYTHONHASHSEED=0 $(RUN)/python -m pytest -q -n auto --dist worksteal --hypothesis-profile recorded --cov --cov-report= \
		--cov-report=json:$(RECORDINGS)/coverage.json --cov-report=xml:$(RECORDINGS)/coverage.xml \
		--gates-record-imports=$(RECORDINGS)/imports.jsonl --gates-record-sources=$(RECORDINGS)/sources.json
	@$(MAKE) pages
pages: setup
	@[ ! -x $(RUN)/diff-cover ] || { \
		base=$$(git merge-base main HEAD 2>/dev/null || git rev-parse HEAD); \
		[ "$$base" != "$$(git rev-parse HEAD)" ] || base=HEAD^1; \
		$(RUN)/diff-cover $(RECORDINGS)/coverage.xml --quiet --branch-coverage --expand-coverage-report \
			--compare-branch "$$base" --diff-range-notation .. --format html:$(PAGES).html,markdown:$(PAGES).md; }

.PHONY: mutate
mutate: setup  ## mutate each changed statement, and see whether a test notices: make mutate TESTS=tests/change
	@$(RUN)/gates mutate $(TESTS)

.PHONY: flakes
flakes: setup  ## find tests that pass and fail with the same code: make flakes FLAKES="tests/unit -k waiver"
	@$(RUN)/gates flakes $(FLAKES)

.PHONY: cross-check
cross-check: setup  ## our import edges beside grimp's, edge for edge, on homeassistant, django and sympy
	@$(RUN)/python -m bench.cross_check

.PHONY: bench
bench: setup  ## how fast, beside ruff, import-linter and tach
	@$(RUN)/python bench/gates.py

.PHONY: bench-recorder
bench-recorder: setup  ## what it costs a test run to have its imports recorded: CPU time, in turns with the same run without
	@$(RUN)/python -m bench.recorder $(if $(QUICK),--rounds 2)

.PHONY: bench-runtime
bench-runtime: setup  ## how fast the service is, part by part, into the table of docs/runtime.md; long
	@$(RUN)/python -m bench.runtime $(QUICK) $(LONG) $(if $(QUICK),,--markdown docs/runtime.md)

.PHONY: bench-secrets
bench-secrets: setup  ## how many types of secrets the engines find, into the table of docs/supply-chain.md
	@$(RUN)/python -m bench.secrets --markdown docs/supply-chain.md

.PHONY: bench-supply
bench-supply: setup  ## what the gates of the supply chain cost on an unchanged tree, and a bill, into docs/supply-chain.md
	@$(RUN)/python -m bench.supply --markdown docs/supply-chain.md

.PHONY: bench-evidence
bench-evidence: evidence  ## how long the newest bundle takes to be verified, signed and not
	@$(RUN)/python -m bench.evidence "$$(ls -t .gates/evidence/*.zip | head -1)"

.PHONY: bench-flakes
bench-flakes: setup  ## how many planted flaky tests are found and traced, into the table of docs/flakes.md
	@$(RUN)/python -m bench.flakes --markdown docs/flakes.md

.PHONY: bench-words
bench-words: setup  ## retired words: how fast the scan is, and the gate cold beside codespell
	@.ci/peers
	@$(RUN)/python -m bench.words

.PHONY: bench-coverage
bench-coverage: setup  ## uncovered-change on 10 and on 100 changed files of django, from coverage.py's data
	@$(RUN)/python -m bench.uncovered_change

.PHONY: bench-docs
bench-docs: setup  ## words and documents: the three gates cold beside codespell, unchanged beside warm ruff
	@.ci/peers
	@$(RUN)/python -m bench.documents

.PHONY: bench-measure
bench-measure: setup  ## how often measuring accuses wrongly and what it finds, beside pytest-benchmark and asv, into docs/budgets.md
	@.ci/peers
	@$(RUN)/python -m bench.measuring --live $(if $(QUICK),3,40) --hogs 2 --markdown docs/budgets.md

.PHONY: bench-peers
bench-peers: setup  ## the pipeline beside hamilton, haystack and langgraph, in an environment of theirs
	@.ci/peers
	@$(RUN)/python -m bench.runtime --only pipeline_peers $(QUICK)

##########################################################################################

.PHONY: run
run: setup  ## start the service on http://127.0.0.1:8080
	@$(RUN)/python -m runtime serve

.PHONY: feed
feed: setup  ## remember documents: make feed DOCS="docs README.md"
	@$(RUN)/python -m runtime feed $(DOCS)

.PHONY: ask
ask: export Q := $(Q)
ask: setup  ## ask what was remembered, end to end in one process: make ask Q="why hatchling?"
	@[ -n "$$Q" ] || { echo 'say what to ask: make ask Q="why hatchling?"' >&2; exit 2; }
	@$(RUN)/python -m runtime ask "$$Q"

.PHONY: observe
observe: setup  ## service, Prometheus, Alertmanager and a steady load on loopback, until Ctrl-C
	@scripts/observe

.PHONY: observe-e2e
observe-e2e: setup  ## every panel, every alert and every span, shown on real servers; five minutes
	@OBSERVE_E2E=1 $(RUN)/python -m pytest -q -rs tests/observability/proof/test_live.py
	@$(RUN)/python -m pytest -q -rs -n auto --ignore tests/observability/proof/test_live.py tests/observability

.PHONY: drill
drill: setup  ## brownout drills: slow, failing, stuck and missing dependencies, with a verdict
	@$(RUN)/python -m runtime drill

.PHONY: ci-smoke-plugin boot-recording
ci-smoke-plugin: setup  ## boot the service with LUKHAS_PLUGIN_DISCOVERY=auto, and see the minimal set of plugins
	@LUKHAS_PLUGIN_DISCOVERY=auto $(RUN)/python -m pytest -q tests/unit/test_entry_points_smoke.py
	@$(MAKE) boot-recording
	@$(RUN)/gates run --strict --gate missing-plugin $(REPORTS)
boot-recording: setup
	@LUKHAS_PLUGIN_DISCOVERY=auto LUKHAS_DUPLICATES=error $(RUN)/python -m runtime plugins --record $(RECORDINGS)/boot.json

.PHONY: perf measure
perf: setup  ## the budgets of policies/budgets.toml, measured
	@LUKHAS_PERF=1 $(RUN)/python -m pytest -q tests/perf

measure: setup  ## the benchmarks beside those of the base, recorded for broken-budget: make measure BASE=REF TREND=1
	@LUKHAS_PERF=1 $(RUN)/gates measure $(if $(BASE),--base "$(BASE)") $(if $(TREND),--trend)

##########################################################################################

.PHONY: lanes
lanes: setup  ## the lanes of this repository, and what crosses them
	@$(RUN)/gates lanes

.PHONY: promotion lanes-page
promotion: setup  ## who is ready for which lane, by verified evidence of this commit
	@$(RUN)/gates promote --all $(REPORTS)

.PHONY: docs
docs:  ## build docs/ into a site, .gates/site/index.html; a warning is an error
	@.ci/peers docs
	@.venvs/docs/bin/python -m sphinx -q -W --keep-going -n -b html docs .gates/site

lanes-page: setup  ## write the generated parts of docs/lanes.md
	@$(RUN)/python scripts/lanes_page.py --write

.PHONY: promotion-gate readiness
promotion-gate: setup  ## no module changes lane without a decision: make promotion-gate BASE=origin/main
	@$(RUN)/gates run --strict --gate premature-promotion $(if $(BASE),--base "$(BASE)") $(REPORTS)
readiness: recordings measure  ## who is ready for which lane, with all that is asked for recorded first; KEY=FILE signs it
	@$(RUN)/gates run --report text --evidence $(EVIDENCE) $(if $(ALLOW_DIRTY),--allow-dirty)
	@[ -z "$(KEY)" ] || $(RUN)/gates evidence sign "$$(ls -t $(EVIDENCE)/*.zip | head -1)" --key "$(KEY)"
	@$(MAKE) promotion

.PHONY: example
example: setup  ## a public repository with an offence for every gate; its bundle, in .gates/example, is published with a release
	@$(RUN)/python -m bench.every_offence --out .gates/example

.PHONY: release publish
release: setup  ## dist/: wheel, sdist, bill of materials, evidence, the verifier, notes and checksums: make release TAG=v0.1.0
	@TAG="$(TAG)" .ci/release
publish:  ## publish dist/ as the release TAG of the forge; needs gh and GH_TOKEN
	@TAG="$(TAG)" .ci/publish

.PHONY: evidence
evidence: setup  ## build the evidence bundle, and verify it
	@verdict=0; $(RUN)/gates evidence build --out $(EVIDENCE) $(if $(ALLOW_DIRTY),--allow-dirty) || verdict=$$?; \
	$(RUN)/gates evidence verify "$$(ls -t $(EVIDENCE)/*.zip | head -1)"; \
	exit $$verdict

##########################################################################################

.PHONY: secrets audit advisories pip-audit sbom
secrets: setup  ## search for secrets: make secrets BASE=origin/main for what the commits since brought
	@BASE="$(BASE)" .ci/secrets

audit: advisories  ## fetch the advisories (or import ADVISORIES=FILE), and hold every pin against them
	@$(RUN)/gates run --strict --gate known-vulnerability --gate unlocked-dependency $(REPORTS)

advisories: setup
	@$(RUN)/gates advisories $(if $(ADVISORIES),import "$(ADVISORIES)",fetch) \
		|| echo 'without newer advisories, known-vulnerability may not be able to tell' >&2

pip-audit: setup  ## compile requirements.txt anew, and have pip-audit ask PyPI about it
	@$(RUN)/pip-compile -q requirements.in && $(RUN)/pip-audit -r requirements.txt

sbom: setup  ## the bill of materials: bom.cdx.json (CycloneDX 1.6), bom.spdx.json (SPDX 2.3); BASE=REF says what changed
	@$(RUN)/gates bill --out bom.cdx.json --spdx bom.spdx.json $(if $(BASE),--base "$(BASE)") | tee -a "$${GITHUB_STEP_SUMMARY:-/dev/null}"

##########################################################################################

.PHONY: lock
lock:  ## compile requirements.in into both locks, and those of the peers and the documents into their own
	@.ci/lock $(if $(UPGRADE),--upgrade)

.PHONY: lock-check
lock-check:  ## show where the locks do not follow from what they are compiled from
	@.ci/lock --check

.PHONY: clean
clean:  ## remove everything that is not tracked and can be made again
	@rm -rf .venv .venvs .gates build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage*
