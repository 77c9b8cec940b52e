# Targets for people; .ci/run calls `make test`. Everything is built by SwiftPM, without third-party packages.

SWIFT ?= swift
SWIFTC ?= swiftc
# For `make bench`: another implementation's binary to measure beside ours, and a word that picks some of the figures.
REFERENCE ?=
ONLY ?=
PROMPT ?= Say hello in one sentence.

LIBRARIES := libcurl4-openssl-dev libsqlite3-dev pkg-config

.PHONY: run build test release bench format lint tsan fuzz install clean help

help:
	@echo "make run      build, and try one turn from the command line"
	@echo "make test     all tests"
	@echo "make release  dist/codex, one file without a Swift runtime beside it"
	@echo "make bench    figures of the release build (REFERENCE=PATH puts another binary's beside them; ONLY=list)"
	@echo "make format   settle the layout of all sources     make lint   check it"
	@echo "make tsan     all tests under ThreadSanitizer      make fuzz   the fuzzers, bounded"

# Installs the system libraries that are missing; does nothing, and asks for nothing, when all are there.
install:
	@missing=""; for package in $(LIBRARIES); do \
	  dpkg -s "$$package" >/dev/null 2>&1 || missing="$$missing $$package"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "please install:$$missing (or what your system calls them)"; exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then as=""; \
	elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then as=sudo; \
	else echo "please install:$$missing"; exit 0; fi; \
	echo "installing$$missing"; \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$missing </dev/null >/dev/null

build: install
	$(SWIFT) build -c release --product codex

run: build
	.build/release/codex exec "$(PROMPT)"

# SwiftPM prints the runner's summary last.
test: install
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest

# What ships: one file, stripped, with the Swift runtime inside.
RELEASE := $(SWIFT) build -c release --static-swift-stdlib -Xlinker -s --scratch-path .build-release

release: install
	$(RELEASE) --product codex
	@mkdir -p dist && cp .build-release/release/codex dist/codex
	@size=$$(stat -c %s dist/codex); echo "dist/codex: $$size bytes"

bench: release
	$(RELEASE) --product Benchmarks
	.build-release/release/Benchmarks --binary dist/codex $(if $(REFERENCE),--reference $(REFERENCE)) $(if $(ONLY),--only $(ONLY))

format:
	$(SWIFT) format -i -r Sources Tests Package.swift

lint:
	$(SWIFT) format lint --strict -r Sources Tests Package.swift

# Apart from the ordinary build, which would otherwise start over each time.
tsan: install
	$(SWIFT) test --sanitize=thread --scratch-path .build-tsan --disable-xctest

# A fuzzer is Tests/Fuzz/NAMEFuzz.swift and one line here: the modules that it imports, each after those it needs.
FUZZ_JSON := JSON
FUZZ_TOML := TOML
FUZZ_Stream := JSON ModelAPI

FUZZERS := $(patsubst FUZZ_%,%,$(filter FUZZ_%,$(.VARIABLES)))
FUZZ_LIMITS ?= -runs=5000000 -max_total_time=60

fuzz: $(addprefix fuzz-,$(FUZZERS))

fuzz-%:
	@mkdir -p fuzz-out/$*/corpus
	for module in $(FUZZ_$*); do \
	  $(SWIFTC) -O -wmo -swift-version 6 -enable-upcoming-feature InternalImportsByDefault -parse-as-library -sanitize=fuzzer,address -package-name codex-swift \
	    -module-name $$module -emit-module -emit-module-path fuzz-out/$*/$$module.swiftmodule -c \
	    -I fuzz-out/$* -o fuzz-out/$*/$$module.o $$(find Sources/$$module -name '*.swift') || exit 1; done
	$(SWIFTC) -O -swift-version 6 -enable-upcoming-feature InternalImportsByDefault -parse-as-library -sanitize=fuzzer,address -use-ld=lld -package-name codex-swift \
	  -I fuzz-out/$* -module-name $*Fuzz -o fuzz-out/$*/fuzz Tests/Fuzz/$*Fuzz.swift $(addprefix fuzz-out/$*/,$(addsuffix .o,$(FUZZ_$*)))
	ASAN_OPTIONS=detect_leaks=0 fuzz-out/$*/fuzz -max_len=4096 -artifact_prefix=fuzz-out/$*/ \
	  $(addprefix -dict=,$(wildcard Tests/Fuzz/$*.dict)) -print_final_stats=1 $(FUZZ_LIMITS) fuzz-out/$*/corpus

clean:
	rm -rf .build .build-release .build-tsan dist fuzz-out
