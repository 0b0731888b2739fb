# tests/unit/scan
if HAVE_CMOCKA
SCAN_TESTS = tests/unit/scan/test_fixtures tests/unit/scan/test_hostile tests/unit/scan/test_long tests/unit/scan/test_secrets
check_PROGRAMS += $(SCAN_TESTS)
TESTS += $(SCAN_TESTS)
endif
SCAN_TEST_SOURCES = \
	tests/unit/scan/scan_dumps.c \
	tests/unit/scan/scan_dumps.h \
	tests/unit/scan/scan_record.c \
	tests/unit/scan/scan_record.h \
	tests/unit/unit.h
tests_unit_scan_test_fixtures_SOURCES = tests/unit/scan/test_fixtures.c $(SCAN_TEST_SOURCES)
tests_unit_scan_test_fixtures_CFLAGS = $(UNIT_CFLAGS)
tests_unit_scan_test_fixtures_LDADD = $(UNIT_LDADD)
tests_unit_scan_test_hostile_SOURCES = tests/unit/scan/test_hostile.c $(SCAN_TEST_SOURCES)
tests_unit_scan_test_hostile_CFLAGS = $(UNIT_CFLAGS)
tests_unit_scan_test_hostile_LDADD = $(UNIT_LDADD)
tests_unit_scan_test_long_SOURCES = tests/unit/scan/test_long.c $(SCAN_TEST_SOURCES)
tests_unit_scan_test_long_CFLAGS = $(UNIT_CFLAGS)
tests_unit_scan_test_long_LDADD = $(UNIT_LDADD)
tests_unit_scan_test_secrets_SOURCES = tests/unit/scan/test_secrets.c $(SCAN_TEST_SOURCES)
tests_unit_scan_test_secrets_CFLAGS = $(UNIT_CFLAGS)
tests_unit_scan_test_secrets_LDADD = $(UNIT_LDADD)
