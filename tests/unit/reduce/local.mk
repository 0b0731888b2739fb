# tests/unit/reduce
check_PROGRAMS += tests/unit/reduce/reduce_json
tests_unit_reduce_reduce_json_SOURCES = tests/unit/reduce/reduce_json.c
TESTS += tests/unit/reduce/fixtures.sh
EXTRA_DIST += tests/unit/reduce/fixtures.sh tests/unit/reduce/compare.py
