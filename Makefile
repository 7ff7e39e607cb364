# Everything a user types. Each target mends what is missing before it runs, so any of them can be the first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/.venv/bin:$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/shopkeeper/bin:$(PATH)

VENV := .venv/ready
SERVICES := users products inventory orders payments notifications recommendations storefront
# A folder is checked at a time: the tests of each service are a package called `tests`.
TYPED := services/shopkit $(SERVICES:%=services/%) operator charts images e2e
SERVICE_PATH := $(CURDIR):services/shopkit:$(shell echo $(SERVICES:%=services/%) | tr ' ' ':')
CLUSTER_PROGRAM := python3 -m e2e.cluster
LOCK := uv pip compile --quiet --no-config --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  \033[1m%-18s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: ## from a bare machine to a running shop: tools, cluster, images, operator, the sample Shop
	@$(CLUSTER_PROGRAM) up

.PHONY: down
down: ## remove the cluster and all that `up` started
	@$(CLUSTER_PROGRAM) down

.PHONY: cluster
cluster: ## make (or mend) the kind cluster; CLUSTER=<kube context> names another
	@$(CLUSTER_PROGRAM) cluster

.PHONY: images
images: ## build the images and load them into the cluster
	@$(CLUSTER_PROGRAM) images

.PHONY: test
test: ## run all tests: lint, unit, charts, integration, end to end
	@$(MAKE) --no-print-directory lint test-unit test-charts test-integration test-e2e

.PHONY: test-unit
test-unit: $(VENV) charts ## run the tests that need no server
	@pytest -q -n 2 -m "not integration and not e2e" services operator images e2e

.PHONY: test-charts
test-charts: $(VENV) charts ## render the charts with many values; run the gateway's configuration in a real Envoy
	@pytest -q -n 2 charts

.PHONY: test-integration
test-integration: $(VENV) ## run the services' tests against a real PostgreSQL and RabbitMQ
	@$(CLUSTER_PROGRAM) browser >/dev/null
	@python3 -m e2e.servers pytest -q -n 2 --dist loadgroup -m integration services operator

.PHONY: test-e2e
test-e2e: $(VENV) ## run the end-to-end tests on the cluster, through the gateway
	@$(CLUSTER_PROGRAM) browser >/dev/null
	@$(CLUSTER_PROGRAM) operator
	@pytest -q -n 2 --dist loadgroup --no-loadscope-reorder -m "e2e and not alone" e2e
	@pytest -q -m "e2e and alone" e2e

.PHONY: test-idle
test-idle: $(VENV) ## watch a Shop at rest for ten minutes: no write to the API server
	@$(CLUSTER_PROGRAM) operator
	@IDLE_SECONDS=600 pytest -q -m e2e e2e/tests/test_idle.py

.PHONY: test-consistency
test-consistency: $(VENV) ## let 200 shoppers buy while parts of the shop are killed, then check all books: about 15 minutes
	@$(CLUSTER_PROGRAM) operator
	@python3 -m e2e.consistency run
	@python3 -m e2e.consistency last-pieces
	@python3 -m e2e.consistency rolling

.PHONY: test-saga-faults
test-saga-faults: $(VENV) ## kill orders, inventory and payments at every step of every kind of order
	@SAGA_FAULTS=all python3 -m e2e.servers pytest -q -s -m integration services/orders/tests/integration/test_saga_faults.py

.PHONY: bench-operator
bench-operator: $(VENV) charts ## measure the operator with 10 to 1,000 Shops on fake nodes; writes docs/benchmarks/operator.json
	@PYTHONPATH=$(SERVICE_PATH):operator python3 -m e2e.bench operator $(BENCH)

.PHONY: bench-shop
bench-shop: $(VENV) ## measure the shop beside plain references: about 10 minutes; writes docs/benchmarks/shop.*
	@$(CLUSTER_PROGRAM) operator
	@PYTHONPATH=$(SERVICE_PATH) python3 -m e2e.bench shop $(BENCH)

.PHONY: lint
lint: $(VENV) charts ## check style, types, imports, charts, Dockerfiles, workflows, generated files
	ruff check .
	ruff format --check .
	for folder in $(TYPED); do mypy $$folder; done
	PYTHONPATH=$$(echo operator services/shopkit $(SERVICES:%=services/%) | tr ' ' ':') lint-imports
	python3 -m charts.tools generate --check
	zizmor --quiet --offline .github/workflows
	buf lint services/recommendations
	hadolint --config images/.hadolint.yaml images/*/Dockerfile
	git ls-files '*.sh' .ci/run | xargs shellcheck

.PHONY: charts
charts: ## put the charts' dependencies, which are in this repository, into their places
	@$(CLUSTER_PROGRAM) tools helm helm3 >/dev/null
	@python3 -m charts.tools deps

.PHONY: generate
generate: $(VENV) ## write again what is made from code: charts, CRD, OpenAPI files
	python3 -m charts.tools generate
	python3 services/recommendations/generate.py
	PYTHONPATH=operator python3 -m shopkeeper_operator.crd > charts/shop-operator/files/shops.shopkeeper.dev.yaml
	PYTHONPATH=operator python3 -m shopkeeper_operator.reference > docs/shop.md
	for service in $(SERVICES); do \
	  PYTHONPATH=services/shopkit:services/$$service python3 -m shopkit openapi $$service > services/$$service/openapi.yaml; \
	  PYTHONPATH=services/shopkit:services/$$service python3 -m shopkit events $$service; done
	PYTHONPATH=$$(echo services/shopkit $(SERVICES:%=services/%) | tr ' ' ':') python3 -m shopkit topology $(SERVICES) > charts/rabbitmq/files/topology.json

.PHONY: format
format: $(VENV) ## format the Python code
	ruff format .
	ruff check --fix .

.PHONY: lock
lock: $(VENV) ## lock the requirements anew
	$(LOCK) services/requirements.in -o services/requirements.txt
	$(LOCK) operator/requirements.in -o operator/requirements.txt
	$(LOCK) images/gateway/requirements.in -o images/gateway/requirements.txt
	$(LOCK) e2e/requirements.in -o e2e/requirements.txt

$(VENV): e2e/requirements.txt
	@python3 -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv; } \
	  || { echo "Python's venv module is missing: install the package python3-venv." >&2; exit 1; }
	@echo "Installing the development requirements into .venv"
	@python3 -m venv --clear .venv && .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r e2e/requirements.txt
	@touch $@
