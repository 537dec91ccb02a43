# Needs Python 3.11 or newer and git, nothing else. All that is installed goes to .venv, pinned and hashed.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
RUN := .venv/bin
# where somebody set the service up for a use of its own, it is served as it is; elsewhere as a demo, beside var
OWN := $(strip $(foreach name,OIDC_ISSUER BASE_URL HOST ENVIRONMENT DATABASE_URL DATABASE_URL_FILE,$(YINZHENG_$(name))))
ENVIRONMENT = $(if $(PYTHON),$(PYTHON),$(error No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3)) .ci/environment.py

# every link, anchor and picture has to lead somewhere; what other hosts hold is not asked for
SITE = $(RUN)/sphinx-build -q -n -W --keep-going -c docs/site . var/docs

# every command and every test starts programs; what they compile is kept, whatever the machine says
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo serve test check check-code check-docs development docs audit sbom bench rehearse lock secrets
.DEFAULT_GOAL := help

help:
	@echo "make demo    issue, show and check sealed licences on the built-in database; leaves them in var/demo"
	@echo "make serve   run the service with demo data on http://127.0.0.1:8000; ARGS='--port 8080' listens elsewhere"
	@echo "make test    run the tests; ARGS=... goes to pytest"
	@echo "make check   lint, formatting, types, layers, documentation, no secrets in git"
	@echo "make docs    make a site of the documentation in var/docs; a broken link stops it"
	@echo "make audit   hold the locked dependencies against known advisories"
	@echo "make sbom    list what it is made of, with licences, in var/sbom.json and var/sbom-dev.json (CycloneDX)"
	@echo "make bench   run the benchmarks"
	@echo "make rehearse  follow the guides to deployment on machines of their own; as root, see CONTRIBUTING.md"
	@echo "make lock    pin and hash the dependencies anew; UPGRADE=--upgrade takes newer versions"
	@echo "make secrets make the secrets that docker-compose.yml needs"
	@echo "PYTHON=/path/to/python3 chooses the Python that .venv is made with"

demo:
	@$(ENVIRONMENT)
	$(RUN)/yinzheng demo $(ARGS)

serve:
	@$(ENVIRONMENT)
ifeq ($(OWN),)
	YINZHENG_BUILTIN_PROVIDER=true YINZHENG_VAR=$(or $(YINZHENG_VAR),var/city) $(RUN)/yinzheng serve --demo $(ARGS)
else
	YINZHENG_BUILTIN_PROVIDER=false $(RUN)/yinzheng serve $(ARGS)
endif

test:
	@$(ENVIRONMENT) --dev
	$(RUN)/pytest -n 2 --dist worksteal $(ARGS)

check: check-code check-docs

check-code: development
	$(RUN)/ruff check
	$(RUN)/ruff format --check
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(RUN)/python .ci/secrets_scan.py

check-docs: development
	$(SITE)

development:
	@$(ENVIRONMENT) --dev

docs: check-docs

audit:
	@$(ENVIRONMENT) --dev
	$(RUN)/python .ci/audit.py $(ARGS)

sbom:
	@$(ENVIRONMENT) --dev
	$(RUN)/python .ci/sbom.py $(ARGS)

bench:
	@$(ENVIRONMENT) --dev
	$(RUN)/python -m benchmarks $(ARGS)

rehearse:
	@$(ENVIRONMENT) --dev
	$(RUN)/pytest -m rehearsal tests/rehearsal $(ARGS)

COMPILE = uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
	--custom-compile-command "make lock" $(UPGRADE)

lock:
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && $(PYTHON) -m venv "$$tools" && \
	"$$tools/bin/pip" install --quiet uv && export PATH="$$tools/bin:$$PATH" && \
	$(COMPILE) pyproject.toml --group build --output-file requirements.lock && \
	$(COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock && \
	echo uv | $(COMPILE) - --no-annotate --output-file .ci/installer.lock

secrets:
	@$(or $(PYTHON),python3) deploy/compose_secrets.py
