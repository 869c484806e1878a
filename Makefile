# `make` or `make help` lists what there is. Works with GNU make 3.81, which macOS has.

PYTHON ?= python3
RUN = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset test coverage mutants screenshots lint bench chaos rollback-drill pins

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

setup: ## .venv with every pinned package; what is missing is installed or named
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer (Debian: apt-get install python3 python3-venv; macOS: brew install python)." >&2; exit 1; }
	@$(PYTHON) identity_console/bootstrap.py $(WANTED)

demo: setup ## everything together with sample people: console on 8000, stand-in tenant on 8001
	@exec $(RUN) -m identity_console.demo

demo-reset: setup ## forget the demo's people and its tenant's accounts, both sides together
	@$(RUN) -m identity_console.demo --reset

test screenshots: WANTED = --browser
test: setup ## lint, then every test: on SQLite, on MariaDB where it answers, in Chromium
	@$(RUN) -m tests.run

coverage: setup ## every line and branch of auth0sync: which of them no test reaches
	@$(RUN) -m tests.run coverage

mutants: setup ## whether the tests notice a wrong plan or engine, an hour for each; ARGS=plan
	@$(RUN) -m tests.mutants $(ARGS)

screenshots: setup ## every page in light and dark, phone and desktop, as pictures in .screenshots/
	@$(RUN) -m tests.browser.screenshots $(if $(OUT),--out $(OUT))

lint: setup ## ruff, types, layers, missing migrations, Django's deployment check
	@$(RUN) -m tests.run lint

bench: setup ## the measurements in docs/performance.md
	@$(RUN) -m bench

chaos: setup ## 500 people while everything is broken on purpose (docs/chaos.md); ARGS="--seed 7 --short"
	@$(RUN) -m tests.chaos $(ARGS)

rollback-drill: setup ## back to before the console and forward again, on a copy of DATABASE_URL (docs/runbook.md)
	@$(RUN) -m identity_console.drill

# requirements-base.txt is all but mysqlclient, which needs the MySQL headers. Versions that are
# pinned stay as they are while the ranges allow it; UPGRADE=1 takes the newest.
COMPILE = .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-strip-extras --no-emit-index-url --no-emit-find-links -q $(if $(UPGRADE),--upgrade)

pins: setup ## requirements*.txt from requirements*.in; UPGRADE=1 for the newest versions
	@mkdir -p .venv/pins
	@grep -v '^mysqlclient' requirements.in > .venv/pins/base.in
	@grep '^mysqlclient' requirements.in > .venv/pins/mysqlclient.in
	@for name in base dev; do cp requirements-$$name.txt .venv/pins/$$name.txt; done
	@sed '/^-r /d' requirements.txt > .venv/pins/mysqlclient.txt
	@sed -i.old '/^-r /d' .venv/pins/dev.txt
	@$(COMPILE) .venv/pins/base.in -o .venv/pins/base.txt
	@{ echo '# Written by `make pins` from requirements.in: everything but mysqlclient, which needs the MySQL headers.'; \
	  cat .venv/pins/base.txt; } > requirements-base.txt
	@$(COMPILE) --no-deps .venv/pins/mysqlclient.in -o .venv/pins/mysqlclient.txt
	@{ echo '# Written by `make pins` from requirements.in.'; echo '-r requirements-base.txt'; \
	  cat .venv/pins/mysqlclient.txt; } > requirements.txt
	@$(COMPILE) requirements-dev.in -o .venv/pins/dev.txt
	@{ echo '# Written by `make pins` from requirements-dev.in.'; echo '-r requirements-base.txt'; \
	  cat .venv/pins/dev.txt; } > requirements-dev.txt
	@git --no-pager diff --stat -- requirements-base.txt requirements.txt requirements-dev.txt
