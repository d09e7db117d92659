# make demo   trains on images that it makes itself and prints a table
# make test   runs the tests
# make docs   builds the pages of docs/ with sphinx, into build/docs
#
# They install what they need into a virtual environment, VENV, once: again
# only after setup.py or constraints.txt has changed. A demo that was cut off
# goes on; one that has ended prints its table again.

VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP = $(VENV)/bin/python -m pip install -qq --disable-pip-version-check \
	-c constraints.txt

.PHONY: demo docs test

demo: $(VENV)/.installed-demo data/shapes/.complete
	$(VENV)/bin/python tools/train.py configs/gist/deeplabv3plus_shapes_rist.py --resume

test: $(VENV)/.installed-tests
	$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

docs: $(VENV)/.installed-docs
	$(VENV)/bin/python -W "ignore:Fail to import" \
		-m sphinx -W --keep-going -q docs build/docs

data/shapes/.complete: | $(VENV)/.installed-demo
	$(VENV)/bin/python tools/dataset_converters/shapes.py data/shapes
	@touch $@

$(VENV)/.installed-%: setup.py constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	$(PIP) -e '.[onedl,$*]'
	@touch $@
