# make demo       trains on images that it makes itself and prints a table
# make test       runs the tests
# make test-fast  runs those that are not marked slow: less than a minute
# make lint       checks style and format with ruff
# make docs       builds the pages of docs/ with sphinx, into build/docs
#
# They install what they need into a virtual environment, VENV, once: again only
# after pyproject.toml, setup.py or constraints.txt has changed. A demo that was
# cut off continues; one that has ended prints its table again.

VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP = $(VENV)/bin/python -m pip install -qq --disable-pip-version-check \
	-c constraints.txt

.PHONY: demo docs lint test test-fast

demo: $(VENV)/.installed-demo data/shapes/.complete
	$(VENV)/bin/python tools/train.py configs/gist/deeplabv3plus_shapes_rist.py --resume

test: $(VENV)/.installed-tests
	$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

test-fast: $(VENV)/.installed-tests
	$(VENV)/bin/python -m pytest -m 'not slow' $(PYTEST_ARGS)

lint: $(VENV)/.installed-lint
	$(VENV)/bin/python -m ruff check
	$(VENV)/bin/python -m ruff format --check

docs: $(VENV)/.installed-docs
	$(VENV)/bin/python -W "ignore:Fail to import" \
		-m sphinx -W --keep-going -q docs build/docs

data/shapes/.complete: | $(VENV)/.installed-demo
	$(VENV)/bin/python tools/dataset_converters/shapes.py data/shapes
	@touch $@

$(VENV)/.installed-%: pyproject.toml setup.py constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	$(PIP) -e '.[onedl,$*]'
	@touch $@
