# tests/unit/reduce
check_PROGRAMS += tests/unit/reduce/reduce_json
tests_unit_reduce_reduce_json_SOURCES = tests/unit/reduce/reduce_json.c tests/unit/names_json.h
tests_unit_reduce_reduce_json_CFLAGS = $(UNIT_CFLAGS)
TESTS += tests/unit/reduce/fixtures.sh
EXTRA_DIST += tests/unit/reduce/fixtures.sh tests/unit/reduce/compare.py
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/reduce/test_reduce
TESTS += tests/unit/reduce/test_reduce
endif
tests_unit_reduce_test_reduce_SOURCES = tests/unit/reduce/test_reduce.c tests/unit/unit.h
tests_unit_reduce_test_reduce_CFLAGS = $(UNIT_CFLAGS)
tests_unit_reduce_test_reduce_LDADD = $(UNIT_LDADD)
