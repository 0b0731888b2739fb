# tests/unit/store: one cmocka program a module of src/store.
store_tests = tests/unit/store/test_contract tests/unit/store/test_crash tests/unit/store/test_full tests/unit/store/test_broken tests/unit/store/test_refuse tests/unit/store/test_record tests/unit/store/test_keep
if HAVE_CMOCKA
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)
endif
store_series = tests/unit/store/series.c tests/unit/store/series.h tests/unit/unit.h
store_disk = tests/unit/store/disk.h $(store_series)
tests_unit_store_test_contract_SOURCES = tests/unit/store/test_contract.c $(store_series)
tests_unit_store_test_contract_CFLAGS = $(UNIT_CFLAGS)
tests_unit_store_test_contract_LDADD = $(UNIT_LDADD)
tests_unit_store_test_crash_SOURCES = tests/unit/store/test_crash.c $(store_disk)
tests_unit_store_test_crash_CFLAGS = $(UNIT_CFLAGS)
tests_unit_store_test_crash_LDADD = $(UNIT_LDADD)
tests_unit_store_test_full_SOURCES = tests/unit/store/test_full.c $(store_disk)
tests_unit_store_test_full_CFLAGS = $(UNIT_CFLAGS)
tests_unit_store_test_full_LDADD = $(UNIT_LDADD)
tests_unit_store_test_broken_SOURCES = tests/unit/store/test_broken.c $(store_disk)
tests_unit_store_test_broken_CFLAGS = $(UNIT_CFLAGS)
tests_unit_store_test_broken_LDADD = $(UNIT_LDADD)
tests_unit_store_test_refuse_SOURCES = tests/unit/store/test_refuse.c $(store_disk)
tests_unit_store_test_refuse_CFLAGS = $(UNIT_CFLAGS)
tests_unit_store_test_refuse_LDADD = $(UNIT_LDADD)
store_memdict = tests/unit/store/memdict.c tests/unit/store/memdict.h
tests_unit_store_test_record_SOURCES = tests/unit/store/test_record.c $(store_memdict) $(store_disk)
tests_unit_store_test_record_CFLAGS = $(UNIT_CFLAGS)
tests_unit_store_test_record_LDADD = $(UNIT_LDADD)
tests_unit_store_test_keep_SOURCES = tests/unit/store/test_keep.c $(store_disk)
tests_unit_store_test_keep_CFLAGS = $(UNIT_CFLAGS)
tests_unit_store_test_keep_LDADD = $(UNIT_LDADD)
