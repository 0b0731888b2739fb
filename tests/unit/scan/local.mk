# tests/unit/scan
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/scan/test_fixtures
TESTS += tests/unit/scan/test_fixtures
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
