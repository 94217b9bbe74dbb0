# Two commands do everything: `make demo` and `make test`. The others are for people who work on danqing.
CARGO ?= cargo
DANQING = target/release/danqing
DEMO ?= demo

.PHONY: demo build web test test-full lint bench quality golden docs clean-demo

## Builds danqing, fetches the default models and runs every capability on real photographs.
demo: build
	@bash tools/demo/run.sh $(DANQING) $(DEMO)

build: web
	@bash tools/require.sh
	$(CARGO) build --release --locked -p danqing -p danqing-demo

## Builds the studio's page, which the binary carries; without npm it is left out, and said so.
web:
	@bash tools/web/build.sh

## Fetches the default models once (cached, checked), then tests everything offline.
# Tests need other features of some dependencies than the binary alone, so everything is built once, as tests want it.
test: web
	@bash tools/require.sh
	$(CARGO) test --release --locked --workspace --no-run
	$(DANQING) models pull default --yes --quiet
	$(CARGO) test --release --locked --workspace
	$(CARGO) check --release --locked -p danqing-nn --features candle
	@bash tests/browser/run.sh $(DANQING)
	bash tests/clients/run.sh $(DANQING)

## Everything that takes long: fuzzing of parsers and decoders, every property with many more cases, unsafe code under Miri.
test-full: test
	DANQING_FUZZ_SECONDS=$${DANQING_FUZZ_SECONDS:-60} PROPTEST_CASES=$${PROPTEST_CASES:-2000} \
		$(CARGO) test --release --locked --workspace -- --include-ignored
	$(CARGO) test --release --locked -p danqing-nn --features candle --test candle
	@bash tools/miri.sh

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny check bans licenses sources && $(CARGO) deny check advisories; else echo "cargo-deny is not installed: licences not checked"; fi

## Times networks, pictures of Stable Diffusion and capabilities beside other programs; writes docs/benchmarks.md.
bench: build
	@bash tools/bench/run.sh $(DANQING)

## Measures every capability beside its peers on photographs and writes docs/quality.md.
quality: build
	@bash tools/quality/run.sh $(DANQING)

## Makes the golden files again with the pinned reference libraries. A reviewed act: look at the diff.
golden: build
	@bash tools/golden/run.sh

## Makes docs/reference again from the capabilities' schemas.
docs: build
	$(DANQING) docs docs/reference
