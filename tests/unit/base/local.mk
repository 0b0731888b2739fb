# tests/unit/base
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/base/test_base
TESTS += tests/unit/base/test_base
endif
tests_unit_base_test_base_SOURCES = tests/unit/base/test_base.c tests/unit/unit.h
tests_unit_base_test_base_CFLAGS = $(UNIT_CFLAGS)
tests_unit_base_test_base_LDADD = $(UNIT_LDADD)
