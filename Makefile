# `make demo` and `make test` need nothing but a fresh checkout: `.ci/setup` does what is left to do.

# First a bpftool that the set-up linked; last where Debian keeps its own, which a user's PATH may lack.
PYTHON = PATH="$(CURDIR)/.venv/bin:$$PATH:/usr/sbin:/sbin" .venv/bin/python

PARALLEL = -n auto --dist loadfile --no-loadscope-reorder

.PHONY: help setup ready demo lint check test test-fast fuzz prove test-kernels test-distros bench picture clean

help: ## name the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ready ## install what is missing, and make .venv/bin/xdpctl
	@echo "ready: .venv/bin/xdpctl"

ready:
	@.ci/setup

demo: ready ## count pings on a throwaway pair of interfaces (needs root, uses sudo)
	@tests/demo.sh

lint: ready
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy

check: lint ## style, types and import directions
	$(PYTHON) -m pytest tests/test_layers.py tests/test_style.py

test: lint ## all of check, then every test on all CPUs (those of the kernel need root)
	$(PYTHON) -m pytest $(PARALLEL)

# Without what needs root, builds wheels or makes checkouts ready.
test-fast: ready ## the tests that need no kernel, in less than a minute
	$(PYTHON) -m pytest $(PARALLEL) \
		--ignore tests/kernel --ignore tests/test_setup.py --ignore tests/test_wheel.py

TIMES = 20
fuzz: ready ## more random packets and specs on the real kernel: make fuzz TIMES=20
	XDPCTL_FUZZ=$(TIMES) $(PYTHON) -m pytest tests/kernel/test_fuzz.py

ROUNDS = 50
FAULTS = 1000
prove: export XDPCTL_REQUIRE_KERNEL = 1
prove: ready ## the long proofs, of which make test tries a sample: races, faults, odd answers, random specs (needs root)
	XDPCTL_ROUNDS=$(ROUNDS) $(PYTHON) -m pytest tests/kernel/test_at_once.py
	XDPCTL_ROUNDS=$(FAULTS) $(PYTHON) -m pytest tests/kernel/test_faults.py tests/tools/test_odd_answers.py
	XDPCTL_FUZZ=$(TIMES) $(PYTHON) -m pytest tests/kernel/test_fuzz.py
	$(PYTHON) -m pytest $(PARALLEL) --hypothesis-profile prove \
		tests/core tests/views tests/reference

test-kernels: ready ## load and count on Linux 5.10, 6.1 and 6.12 in QEMU, or on some: make test-kernels KERNELS=5.10
	@tests/kernels/run $(KERNELS)

test-distros: ready ## demo and tests of the last commit on fresh Debian 12 and 13 (needs root, uses sudo), or on one: DISTROS=13
	@tests/distros/run $(DISTROS)

bench: ready ## time xdpctl against doing it by hand, and what its counters cost (needs root, uses sudo)
	@[ "$$(id -u)" = 0 ] || echo "The bench needs root: using sudo."
	@$$([ "$$(id -u)" = 0 ] || echo sudo) env PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m tests.bench

picture: ready ## draw docs/session.svg, the picture in README, from a real run (needs root, uses sudo)
	@$$([ "$$(id -u)" = 0 ] || echo sudo) env PYTHONDONTWRITEBYTECODE=1 XDPCTL_DRAW=1 XDPCTL_REQUIRE_KERNEL=1 \
		$(PYTHON) -m pytest -p no:cacheprovider tests/kernel/test_picture.py

# C that was generated says so in its first lines; any other C in bpf/ is somebody's own.
clean: ## remove .venv, caches and build output
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find xdpctl templates tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@for source in bpf/*.bpf.c; do \
		if head -n 3 "$$source" 2>/dev/null | grep -q 'Written by `xdpctl build`'; then \
			echo "rm $$source"; rm "$$source"; \
		fi; \
	done
	rm -f bpf/*.bpf.o
