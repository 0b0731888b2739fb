# tests/lint: promises of the sources, checked as text.
LINT = tests/lint/build.sh tests/lint/cli_docs.sh tests/lint/layers.sh tests/lint/protocol_docs.sh tests/lint/source.sh tests/lint/shell.sh
TESTS += $(LINT)
EXTRA_DIST += $(LINT)
