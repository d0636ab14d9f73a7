# Everything is installed into a virtual environment; only the engines of the live tests come from apt-get.
PYTHON ?= $(firstword $(shell for python in python3 python3.13 python3.12 python3.11; do \
	command -v $$python >/dev/null && $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$python; done))
VENV := .venv
BIN := $(VENV)/bin
ENGINES := docker.io runc busybox-static podman openssh-server openssh-client openssl haproxy nginx-light \
	iproute2 iptables

.PHONY: demo test unit lowest site dist lint types format schema engines browser benchmark record clean

demo: $(VENV)/ready
	$(BIN)/dockerframe demo --out reports

test: $(VENV)/ready engines browser
	$(BIN)/pytest

unit: $(VENV)/ready
	$(BIN)/pytest dockerframe tests/unit tests/spec tests/properties tests/replay tests/real_fleets

# The oldest version of every direct dependency that pyproject.toml allows.
lowest:
	$(PYTHON) -m venv --clear build/lowest
	build/lowest/bin/pip install --quiet --disable-pip-version-check -c constraints.txt uv
	build/lowest/bin/uv pip install --quiet --python build/lowest/bin/python --resolution lowest-direct -e '.[all,dev]'
	build/lowest/bin/pytest -p no:cacheprovider dockerframe tests/unit tests/spec tests/replay tests/real_fleets

lint: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/ready
	$(BIN)/mypy

site: $(VENV)/ready
	DISABLE_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --quiet

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The JSON Schema of fleet files, from the models that read them.
schema: $(VENV)/ready
	$(BIN)/python -c "from dockerframe._config.fleet_file import json_schema; print(json_schema(), end='')" \
		> dockerframe/_config/fleet_file.schema.json

benchmark: $(VENV)/ready
	$(BIN)/python -m benchmarks

record: $(VENV)/ready engines
	$(BIN)/python -m cassettes.record
	$(BIN)/python -m cassettes.record_demo

# Debian 13 and later have a separate package for the client, Debian 12 and Ubuntu do not.
DOCKER_CLIENT = $$(apt-cache show docker-cli 2>/dev/null | sed -n 's/^Package: //p' | head -n 1)
APT_INSTALL := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

# A failed installation is reported; the tests that need it are skipped, with the reason.
engines:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! { command -v dockerd && command -v docker && command -v podman \
		&& [ -x /usr/sbin/sshd ] && [ -x /bin/busybox ] && [ -x /usr/sbin/nginx ] && command -v haproxy && command -v ip && command -v ssh-keygen; } >/dev/null; then \
		$(APT_INSTALL) $(ENGINES) $(DOCKER_CLIENT) >/dev/null \
			|| echo "The engines of the live tests could not be installed." >&2; \
	fi

# The browser tests use Chromium from Debian.
browser:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! [ -x /usr/bin/chromium ]; then \
		$(APT_INSTALL) chromium fonts-dejavu-core >/dev/null \
			|| echo "Chromium, for the browser tests, could not be installed." >&2; \
	fi

$(VENV)/ready: pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then echo "dockerframe needs Python 3.11 or newer; name it with make PYTHON=..." >&2; exit 2; fi
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; \
	fi
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	touch $@

# The distributions of a release, and a test of the wheel in an empty environment.
dist: $(VENV)/ready
	rm -rf dist build/empty
	$(BIN)/python -m build --quiet
	$(BIN)/twine check --strict dist/*
	$(PYTHON) -m venv build/empty
	build/empty/bin/pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
	cd build && empty/bin/dockerframe demo >/dev/null

clean:
	rm -rf $(VENV) reports build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
