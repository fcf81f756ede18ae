# The front door. Everything is idempotent and thin over CMakePresets.json; `make help` lists the targets.
SHELL := /bin/bash
PRESET ?= release
JOBS ?= $(shell nproc)

# The compiler cache finds what another checkout of the same sources has built.
export LIMPID_CCACHE := $(shell command -v ccache || echo /usr/bin/ccache)
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export PATH := $(PATH):$(HOME)/.cargo/bin

# Of `make fuzz` and `make soak`.
SECONDS_EACH ?= 20
MINUTES ?= 20

# Of `make bench`.
ROUNDS ?= 5
ONLY ?=

# Of `make image` and `make sbom`.
VARIANT ?= cpu
VERSION := $(shell grep -o 'limpid VERSION [0-9.]*' CMakeLists.txt | cut -d' ' -f3)
SYFT := github.com/anchore/syft/cmd/syft@v1.57.0

# What Google Benchmark is told, for example BENCH_FLAGS=--benchmark_filter=attention.
BENCH_FLAGS ?=

.PHONY: help setup setup-test build demo test test-asan test-lrp fuzz soak bench bench-generate bench-methods bench-serve bench-kernels bench-engine agreement docs pictures lint format clean test-python lint-deploy cluster-test image sbom

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup:  ## install what is missing to build
	@tools/setup.sh build

setup-test:  ## install what is missing to test
	@tools/setup.sh test

build: setup  ## build server and client (PRESET=release, debug, asan, tsan)
	@cmake --preset $(PRESET) --log-level=WARNING
	@cmake --build --preset $(PRESET) -j $(JOBS)

demo: setup  ## start a server with the demo model and explain real text
	@cmake --preset $(PRESET) --log-level=WARNING
	@cmake --build --preset $(PRESET) -j $(JOBS) --target limpid-server limpid
	@tools/demo.sh build/$(PRESET)/bin

test: setup-test build  ## all tests: unit, Python client, oracle, integration, faults
	@ctest --preset $(PRESET) -j $(JOBS)
	@build/python/bin/python -m pytest -c tests/pytest.ini client/python/tests
	@build/python/bin/python -m pytest -c tests/pytest.ini tests

test-python: setup-test build  ## the Python client's tests alone
	@build/python/bin/python -m pytest -c tests/pytest.ini client/python/tests

test-asan:  ## unit and integration tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory setup-test build PRESET=asan
	@ctest --preset asan -j $(JOBS)
	@LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 LIMPID_BIN=build/asan/bin \
		build/python/bin/python -m pytest -c tests/pytest.ini tests/integration

test-lrp:  ## relevance propagation, which ordinary builds do not have (read what LIMPID_LRP says): rules and oracle
	@$(MAKE) --no-print-directory setup-test
	@cmake --preset lrp --log-level=WARNING
	@cmake --build --preset lrp -j $(JOBS) --target limpid_engine_autograd_test limpid_engine_test limpid-server
	@ctest --preset lrp -R Lrp
	@LIMPID_BIN=build/lrp/bin build/python/bin/python -m pytest -c tests/pytest.ini tests/oracle -k relevance

fuzz:  ## look for inputs that break a parser, SECONDS_EACH=20 for each fuzzer (clang)
	@tools/setup.sh fuzz
	@cmake --preset fuzz --log-level=WARNING
	@cmake --build --preset fuzz -j $(JOBS)
	@tools/fuzz.sh $(SECONDS_EACH)

soak: setup-test build  ## steady load with random faults for MINUTES=20; build/soak/results.json
	@build/python/bin/python tests/faults/soak.py --minutes $(MINUTES)

agreement: setup-test build  ## compare every method with its reference on all twenty texts; docs/agreement.md (ten minutes)
	@build/python/bin/python -m pytest -c tests/pytest.ini --texts 20 tests/oracle
	@build/python/bin/python tools/agreement.py

docs: setup-test build  ## rewrite the tables of OPERATING.md that the binaries know better
	@build/python/bin/python tools/operating.py

pictures: setup-test build  ## take the pictures of docs/pictures and client/explanation.svg anew
	@build/python/bin/python tools/pictures.py

bench:  ## beside Captum, PyTorch and TorchServe, and a start, 30 minutes: ROUNDS=5, ONLY=contest or ratio; build/bench/results.json
	@tools/setup.sh bench
	@cmake --preset $(PRESET) --log-level=WARNING
	@cmake --build --preset $(PRESET) -j $(JOBS) --target limpid-server limpid limpid_engine_contestant
	@build/python/bin/python tests/bench/compare --rounds $(ROUNDS) $(ONLY:%=--only '%')

bench-methods: setup-test build  ## texts/s of the costly methods beside Captum, Inseq and SHAP; into build/bench/results.json
	@build/python/bin/python tests/bench/methods

bench-generate: setup-test build  ## a language model's text and why each token, beside Transformers, Captum and Inseq; build/bench/generate.json
	@build/python/bin/python tests/bench/generate --rounds $(ROUNDS)

bench-serve: setup-test build  ## many callers: concurrency, overload, overhead, fairness; build/bench/serve.json
	@build/python/bin/python tests/bench/serve

bench-kernels: setup  ## each operation of the engine over many shapes, on one thread; build/bench/kernels.json
	@cmake --preset $(PRESET) --log-level=WARNING
	@cmake --build --preset $(PRESET) -j $(JOBS) --target limpid_kernel_bench
	@mkdir -p build/bench
	@build/$(PRESET)/bin/limpid_kernel_bench --benchmark_min_time=0.1 --benchmark_out=build/bench/kernels.json $(BENCH_FLAGS)

bench-engine: setup  ## where the time of a pass goes, op by op: MODEL=folder
	@[ -n "$(MODEL)" ] || { echo "usage: make bench-engine MODEL=folder"; exit 2; }
	@cmake --preset $(PRESET) --log-level=WARNING
	@cmake --build --preset $(PRESET) -j $(JOBS) --target limpid_engine_bench
	@build/$(PRESET)/bin/limpid_engine_bench --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true \
		$(BENCH_FLAGS) $(MODEL)

lint-deploy:  ## Dockerfile, chart, manifests, rules; installs its tools beside the others
	@tools/setup.sh deploy
	@tools/lint_deploy.sh

cluster-test: setup-test build  ## the chart in a real Kubernetes of one node, as root; ten minutes more the first time
	@tools/setup.sh cluster
	@tests/cluster/image.sh
	@tests/cluster/run.sh

image:  ## container image limpid:VERSION by docker; VARIANT=cpu or cuda
	@docker build -f docker/Dockerfile --target $(VARIANT) --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) \
		-t limpid:$(VERSION)$(if $(filter cuda,$(VARIANT)),-cuda) .

sbom:  ## bill of materials (SPDX) of that image; build/deploy/sbom.spdx.json
	@mkdir -p build/deploy
	@go run $(SYFT) scan -q -o spdx-json=build/deploy/sbom.spdx.json limpid:$(VERSION)$(if $(filter cuda,$(VARIANT)),-cuda)

lint: setup-test  ## contract, formatting, layers, sizes
	@tools/lint.sh

format: setup-test  ## clang-format on our C++ and JavaScript
	@git ls-files '*.h' '*.cc' '*.js' | xargs build/tools/clang-format -i

clean:  ## remove what was built here (caches stay)
	@rm -rf build
