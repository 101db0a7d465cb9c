# facsweb: everything a newcomer needs is two commands, `make demo` and `make test`.
#
#   make demo          install, get the face models, start Redis, web and worker, seed a demonstration study
#   make demo ONCE=1   the same, driven through to a verified signed PDF, then stop
#   make test          the whole suite, on SQLite and where it is found on PostgreSQL (browser tests with a Chromium);
#                      with fewer than four cores PostgreSQL is spared what takes longest
#   make test-both     the whole suite on both, whatever it takes
#   make test-sqlite, make test-postgresql   the same on one of the two
#   make lint          ruff, mypy --strict on analysis/, bandit, migrations check, known vulnerabilities
#   make audit         known vulnerabilities of the locked packages; fails where nobody can be asked
#   make sbom          bill of materials (CycloneDX) of packages and models: sbom.cdx.json
#   make bench         speed and memory of the analysis on this machine, and what voice and words add to it
#   make bench-workers  how long two recordings take one worker, one of two, and two (on a quiet machine)
#   make bench-segments  an hour measured in one go and in segments by two processes: time, and differences (FPS=15
#                      thins it from 25 pictures a second)
#   make bench-timeline  speed of the timeline of long recordings, minutes long (needs a Chromium)
#   make load          people watch progress and timelines while recordings are uploaded and analysed: p50/p95/p99,
#                      errors, memory (PEOPLE=50 RECORDINGS=200 MINUTES=30 WORKERS=2 DATABASE=postgresql)
#   make chaos         20 uploads and analyses, corrections and signatures while everything dies at random; looks
#                      for what was acknowledged afterwards (SEED=…, DATABASE=postgresql, UPLOADS=20)
#   make bench-live    delay and pictures a second of 1, 2 and 4 live sessions
#   make screenshots   pictures of every page (needs a Chromium)
#   make image-check   build the Dockerfile's steps without Docker, packages and models fetched anew (needs root on Linux)
#   make lock          renew requirements.lock and the locks of the image (needs uv)

PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
LOAD_FLAGS := $(if $(MINUTES),--minutes $(MINUTES)) $(if $(PEOPLE),--people $(PEOPLE)) \
  $(if $(RECORDINGS),--recordings $(RECORDINGS)) $(if $(WORKERS),--workers $(WORKERS)) \
  $(if $(DATABASE),--database $(DATABASE))
CHAOS_FLAGS := $(if $(SEED),--seed $(SEED)) $(if $(UPLOADS),--uploads $(UPLOADS)) \
  $(if $(DATABASE),--database $(DATABASE))
DEMO_FLAGS := $(if $(ONCE),--once,--port $(PORT))

# Where this is set, every process compiles some 850 modules anew and needs twice as long to start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-both test-sqlite test-postgresql lint audit sbom format bench bench-timeline screenshots lock models clean bench-workers bench-segments load chaos bench-live

demo: $(INSTALLED)
	@$(PY) manage.py demo $(DEMO_FLAGS)

test: $(INSTALLED)
	@$(PY) -m analysis models install --quiet
	@$(PY) -m tests.side_by_side $(PYTEST_FLAGS)

test-both: $(INSTALLED)
	@$(PY) -m analysis models install --quiet
	@$(PY) -m tests.side_by_side --whole $(PYTEST_FLAGS)

test-sqlite test-postgresql: test-%: $(INSTALLED)
	@$(PY) -m analysis models install --quiet
	@$(PY) -m tests.side_by_side --only $* $(PYTEST_FLAGS)

lint: $(INSTALLED)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(PY) manage.py makemigrations --check --dry-run
	@$(PY) manage.py check
	@$(VENV)/bin/bandit --quiet --configfile bandit.yaml --recursive facsweb analysis manage.py
	@$(PY) .ci/audit.py

audit: $(INSTALLED)
	@$(PY) .ci/audit.py --must-reach

sbom: $(INSTALLED)
	@$(PY) .ci/sbom.py

format: $(INSTALLED)
	@$(VENV)/bin/ruff check --fix . ; $(VENV)/bin/ruff format .

models: $(INSTALLED)
	@$(PY) -m analysis models install

bench: $(INSTALLED)
	@$(PY) -m analysis models install --quiet
	@$(PY) -m analysis bench facsweb/demo/demonstration.mp4 --one-core
	@$(PY) -m analysis bench facsweb/demo/demonstration.mp4 --one-core --scale 1280x720
	@$(PY) -m analysis bench facsweb/demo/interview.mp4 --meaning

bench-workers: $(INSTALLED)
	@$(PY) -m analysis models install --quiet
	@$(PY) -m tests.processes.bench_workers

bench-segments: $(INSTALLED)
	@$(PY) -m analysis models install --quiet
	@$(PY) -m analysis bench facsweb/demo/interview.mp4 --minutes 60 --segments 2 $(if $(FPS),--fps $(FPS))

bench-timeline: $(INSTALLED)
	@$(PY) -m facsweb.coding.bench
	@$(PY) -m tests.browser.bench_timeline

load: $(INSTALLED)
	@$(PY) -m analysis models install --quiet
	@$(PY) -m tests.load $(LOAD_FLAGS)

chaos: $(INSTALLED)
	@$(PY) -m analysis models install --quiet
	@$(PY) -m tests.chaos $(CHAOS_FLAGS)

bench-live: $(INSTALLED)
	@$(PY) -m tests.live.bench_live
	@$(PY) -m tests.live.bench_live --live 2

screenshots: $(INSTALLED)
	@$(PY) -m tests.browser.screenshots

.PHONY: image-check
image-check: $(INSTALLED)
	@FACSWEB_IMAGE_CHECK=1 $(PY) -m pytest -q -rP tests/image

# The image's packages are some of requirements.lock; those for CUDA take the place of onnxruntime.
LOCK := uv pip compile --python-version 3.11 --generate-hashes --no-header --quiet
lock:
	$(LOCK) pyproject.toml --extra dev --universal -o requirements.lock
	$(LOCK) pyproject.toml --extra postgresql --universal --constraint requirements.lock -o requirements.image.lock
	echo 'onnxruntime-gpu[cuda,cudnn]' | $(LOCK) - --python-platform x86_64-manylinux_2_28 \
	  --constraint requirements.image.lock -o requirements.cuda.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

# The environment comes from the hashed lock alone; --no-deps makes sure nothing else slips in. What is used is
# compiled when it is first imported; compiling all 1.5 GB ahead would take a third of the time.
$(INSTALLED): requirements.lock
	@test -w . || { echo "This folder cannot be written to; put facsweb where you may create files." >&2; exit 1; }
	@python=$$(for name in "$(PYTHON)" python3 python3.13 python3.12 python3.11; do \
	    command -v "$$name" >/dev/null 2>&1 && "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo "$$name" && break; done); \
	  test -n "$$python" || { echo "facsweb needs Python 3.11 or newer; none was found. Install one, or name it: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }; \
	  test -x $(PY) || { echo "Creating $(VENV) ..."; "$$python" -m venv $(VENV) || { echo "$$python cannot make virtual environments; install its venv module (on Debian: python3-venv)." >&2; exit 1; }; }
	@echo "Installing the locked packages (about 1.5 GB on disk, once) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock \
	  || { echo "The packages could not be installed: is the package index reachable? Run the same command again to continue." >&2; exit 1; }
	@touch $@
