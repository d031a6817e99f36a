# Posthouse: `make run` starts everything, `make test` tests everything, `make help` lists the rest.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python
LOCK := .venv/requirements.lock
DEV_LOCK := .venv/requirements-dev.lock
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
unexport PYTHONDONTWRITEBYTECODE  # one Posthouse is ten processes of Python: none of them compiles all of it anew

.PHONY: help venv dev run test check bench prove demo-reset doctor shell screens messages lock

help:  ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv:  ## Make .venv from the lock (requirements.txt) and nothing else; does nothing when the lock has not changed.
	@$(PY) -c '' 2>/dev/null && cmp -s requirements.txt $(LOCK) || sh tools/make-venv

dev: venv
	@cmp -s requirements-dev.txt $(DEV_LOCK) || { \
	  echo "Installing what checks and tests need ..." && \
	  sh tools/install requirements-dev.txt && cp requirements-dev.txt $(DEV_LOCK); }

run: venv  ## Start everything: servers, migrations, demo, all processes. PORT=8100 make run chooses other ports.
	@exec $(PY) manage.py up

test: dev  ## Run all tests on own servers under var/test. Some of them: make test only=tests/contacts
	@$(PY) -m pytest -n 2 --dist loadfile $(only)

check: dev  ## Lint, types, floors and rooms, templates, migrations, deployment settings.
	@sh tools/check

bench: venv  ## Measure; JSON lines on standard output. One of them: make bench only=send
	@$(PY) -m bench $(only)

prove: venv  ## Kill, cut, fill, turn and lie, and count every recipient: 200 kills and every fault of docs/proofs.md.
	@$(PY) -m prove write $(if $(only),only=$(only))
	@test -n "$(only)" || { $(MAKE) -s dev && FACE_LOOKS=all $(PY) -m pytest -q -n 2 --dist loadfile tests/face; }

demo-reset: venv  ## Delete the private data under var/, so that the next `make run` seeds the demo anew.
	@$(PY) -m posthouse.up reset

doctor: venv  ## Say what `make run` would use, and what stands in its way.
	@$(PY) manage.py doctor

shell: venv  ## A Python shell with the models, on the data of the Posthouse that runs.
	@$(PY) manage.py shell

screens: dev  ## Take the pictures of docs/screens anew.
	@$(PY) -m tests.face.screens

messages: dev  ## Collect what recipients read into locale/, say what is not translated yet, compile the rest.
	@$(PY) tools/messages.py

lock:  ## Compile requirements.txt and requirements-dev.txt anew (needs uv).
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --upgrade requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --upgrade requirements-dev.in -o requirements-dev.txt
