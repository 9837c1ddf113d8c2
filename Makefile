# Targets and their lines of help; `make` alone prints them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null)
DATE    ?= $(shell git log -1 --format=%cs 2>/dev/null)
LDFLAGS := -s -w -buildid= -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)
TOOLS   := bin/tools/gofumpt bin/tools/staticcheck
MODULES := . integration

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

build: ## build bin/confman, one static binary
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/confman ./cmd/confman

demo: build ## three nodes on this machine: write, read, kill the leader, go on (ARGS=--once ends by itself)
	go run ./cmd/demo -bin bin/confman $(ARGS)

# A slow machine takes more than go test's ten minutes for all tests of a package; each has its own bounds. What go test remembers
# of the integration tests would not tell one binary from another: -count=1.
test: build ## the whole test suite
	go test ./store ./resp/... ./validate ./packaging/...
	go test -timeout 30m -p 2 ./replication ./cmd/... # they elect leaders, and wait: nothing that takes the machine's time runs beside them
	cd integration && CONFMAN_BIN=$(CURDIR)/bin/confman go test -count=1 -timeout 30m -p 1 . ./bench/... # they measure time, or take all of it
	cd integration && CONFMAN_BIN=$(CURDIR)/bin/confman go test -count=1 -timeout 30m -p 2 $$(go list ./... | grep integration/ | grep -v integration/bench) # these mostly wait

# -short means a tenth of the rounds, and the same checks: make test runs them all, and a race shows in the first ones.
race: ## the packages' tests under the race detector, with fewer rounds of what repeats itself
	go test -race -short ./store ./resp/... ./validate
	go test -race -short -timeout 30m -p 1 ./replication ./cmd/... # they elect leaders: each package has the machine to itself

soak: build ## faults by chance for DURATION=1h under every load and check (SEED= for one that was); writes the table in docs/reliability.md
	cd integration && CONFMAN_SOAK=$${DURATION:-1h} CONFMAN_SEED=$(SEED) CONFMAN_WRITE_TABLES=1 CONFMAN_BIN=$(CURDIR)/bin/confman \
		go test -count=1 -timeout 0 -v -run 'TestSoak$$' ./soak

exhaust: ## what takes hours: power cuts of all nodes (CUTS=1000), a million configs, 20 million random commands, 10 million broken ones
	CONFMAN_POWER_CUTS=$${CUTS:-1000} go test -count=1 -timeout 2h -v -run 'PowerCutOfAllNodes|PowerCutsOfTheLog' ./replication
	CONFMAN_MILLION=1 go test -count=1 -v -run 'AMillion|WhatHistoryTakes|WhatAWriteTakes' ./store ./replication
	CONFMAN_RANDOM_SEED=$$(date +%s) CONFMAN_RANDOM_COMMANDS=10000000 go test -count=1 -timeout 2h -v -run RandomCommandsAreRedis ./resp
	CONFMAN_HOSTILE_INPUTS=10000000 go test -count=1 -timeout 6h -v -run BrokenInputIs ./resp

failover: build ## kill, stop and restart leaders under load; writes docs/failover.md (half an hour)
	cd integration && CONFMAN_FAILOVER=1 CONFMAN_BIN=$(CURDIR)/bin/confman go test -count=1 -timeout 1h -v -run FailoverUnderLoad .

# A row that needs a program that is not here is skipped, and says so.
bench: build ## confman beside redis-server and etcd, in turns; writes docs/performance.md (RUN= for the rows that match, ARGS= for flags)
	@$(MAKE) --no-print-directory bin/tools/etcd || echo "there is no current etcd to compare with"
	cd integration && go build -o ../bin/tools/bench ./bench && ../bin/tools/bench -run '$(RUN)' $(ARGS)

clients: build ## run every Redis client against three nodes whose leaders are killed; writes docs/clients.md
	cd integration && CONFMAN_CLIENTS_PAGE=1 CONFMAN_REQUIRE_CLIENTS=1 CONFMAN_BIN=$(CURDIR)/bin/confman go test -count=1 -v -run 'TestMatrix$$' .

fuzz: ## each fuzz target for a while (FUZZTIME=30s)
	@set -e; for target in $$(grep -rhoE '^func Fuzz[A-Za-z0-9]+' --include='*_test.go' store resp replication cmd validate | cut -d' ' -f2); do \
		pkg=$$(dirname $$(grep -rlE "^func $$target\(" --include='*_test.go' store resp replication cmd validate)); \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $${FUZZTIME:-30s} ./$$pkg; \
	done

docs: ## write the generated pages under docs/
	go run ./cmd/confman docs commands > docs/commands.md
	go run ./cmd/confman docs settings > docs/settings.md
	CONFMAN_WRITE_TABLES=1 go test -count=1 -run TestCompatibilityIsCurrent ./resp

check: lint race ## what CI checks beside the tests: format, vet, staticcheck, current docs, races

lint: $(TOOLS) ## format, vet, staticcheck, current docs, tidy modules
	@unformatted=$$(bin/tools/gofumpt -l $$(git ls-files '*.go')); \
		if [ -n "$$unformatted" ]; then echo "run make fmt: $$unformatted"; exit 1; fi
	@set -e; for m in $(MODULES); do \
		echo "vet, staticcheck, tidy: $$m"; \
		(cd $$m && go vet ./... && $(CURDIR)/bin/tools/staticcheck ./... && go mod tidy -diff); \
	done
	@set -e; for page in commands settings; do \
		go run ./cmd/confman docs $$page | diff -u docs/$$page.md - || { echo "run make docs"; exit 1; }; \
	done
	@go test -count=1 -run TestCompatibilityIsCurrent ./resp || { echo "run make docs"; exit 1; }

fmt: bin/tools/gofumpt ## format the source
	bin/tools/gofumpt -w $$(git ls-files '*.go')

bin/tools/gofumpt: packaging/tools/go.mod
	cd packaging/tools && go build -o $(CURDIR)/$@ mvdan.cc/gofumpt

bin/tools/staticcheck: packaging/tools/go.mod
	cd packaging/tools && go build -o $(CURDIR)/$@ honnef.co/go/tools/cmd/staticcheck

# The etcd that confman is compared with; a module of its own, or it would decide on the versions of what the linters use.
bin/tools/etcd: packaging/tools/etcd/go.mod
	cd packaging/tools/etcd && CGO_ENABLED=0 go build -o $(CURDIR)/$@ go.etcd.io/etcd/server/v3

# A module of its own too: the linters need not be built again for it.
bin/tools/nfpm: packaging/tools/nfpm/go.mod
	cd packaging/tools/nfpm && CGO_ENABLED=0 go build -o $(CURDIR)/$@ github.com/goreleaser/nfpm/v2/cmd/nfpm

# What packaging/build needs to know. The time of the commit is the time of everything in the packages.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
COMPRESSION ?= zstd
ARCHITECTURES ?= amd64 arm64
OUT ?= dist
MAINTAINER ?= The confman authors <confman@localhost.localdomain>
PACKAGING = VERSION='$(VERSION)' SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)' LDFLAGS="$(LDFLAGS)" COMPRESSION='$(COMPRESSION)' \
	ARCHITECTURES='$(ARCHITECTURES)' OUT='$(OUT)' MAINTAINER='$(MAINTAINER)' SIGNING_KEY='$(SIGNING_KEY)' NFPM='$(CURDIR)/bin/tools/nfpm'

packages: bin/tools/nfpm ## deb and rpm for amd64 and arm64, with what they are made of (SBOM), in dist/
	rm -rf $(OUT)
	@$(PACKAGING) packaging/build

# SIGNING_KEY= names a file with a PGP secret key without a passphrase, or with that in NFPM_PASSPHRASE.
release: COMPRESSION = xz
release: bin/tools/nfpm ## packages for releases: smaller, with SHA256SUMS, and signed if SIGNING_KEY= names a file with a PGP key
	rm -rf $(OUT)
	@$(PACKAGING) packaging/build
	@$(PACKAGING) packaging/sign

lint-packages: packages ## lintian, rpmlint, shellcheck, mandoc and systemd-analyze, on what make packages builds
	@$(PACKAGING) packaging/lint/run

image: build ## the container image confman, of the binary alone (packaging/container)
	mkdir -p dist/image && cp bin/confman dist/image/
	docker build --file packaging/container/Dockerfile --tag $${IMAGE:-confman} dist/image

clean: ## remove what was built
	rm -rf bin dist

.PHONY: help build demo test race fuzz docs check lint fmt soak exhaust failover bench clients packages release lint-packages image clean
