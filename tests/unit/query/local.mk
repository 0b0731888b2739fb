# tests/unit/query
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/query/test_query tests/unit/query/test_diff tests/unit/query/test_reports tests/unit/query/test_ruby
TESTS += tests/unit/query/test_query tests/unit/query/test_diff tests/unit/query/test_reports tests/unit/query/test_ruby
endif
tests_unit_query_test_query_SOURCES = tests/unit/query/test_query.c tests/unit/query/sample.c tests/unit/query/sample.h tests/unit/unit.h
tests_unit_query_test_query_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/query
tests_unit_query_test_query_LDADD = $(UNIT_LDADD)
tests_unit_query_test_diff_SOURCES = tests/unit/query/test_diff.c tests/unit/query/sample.c tests/unit/query/sample.h tests/unit/unit.h
tests_unit_query_test_diff_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/query
tests_unit_query_test_diff_LDADD = $(UNIT_LDADD)
tests_unit_query_test_reports_SOURCES = tests/unit/query/test_reports.c tests/unit/query/sample.c tests/unit/query/sample.h tests/unit/unit.h
tests_unit_query_test_reports_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/query
tests_unit_query_test_reports_LDADD = $(UNIT_LDADD)
tests_unit_query_test_ruby_SOURCES = tests/unit/query/test_ruby.c tests/unit/query/sample.c tests/unit/query/sample.h tests/unit/unit.h
tests_unit_query_test_ruby_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/query
tests_unit_query_test_ruby_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/query/test_state
TESTS += tests/unit/query/test_state
endif
tests_unit_query_test_state_SOURCES = tests/unit/query/test_state.c tests/unit/store/series.c tests/unit/store/series.h tests/unit/store/disk.h \
	tests/unit/unit.h
tests_unit_query_test_state_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/store
tests_unit_query_test_state_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/query/test_trend
TESTS += tests/unit/query/test_trend
endif
tests_unit_query_test_trend_SOURCES = tests/unit/query/test_trend.c tests/unit/query/sample.c tests/unit/query/sample.h \
	tests/unit/store/series.c tests/unit/store/series.h tests/unit/store/disk.h tests/unit/unit.h
tests_unit_query_test_trend_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/query -I$(srcdir)/tests/unit/store
tests_unit_query_test_trend_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/query/test_leaks tests/unit/query/test_waits tests/unit/query/test_native
TESTS += tests/unit/query/test_leaks tests/unit/query/test_waits tests/unit/query/test_native
endif
tests_unit_query_test_leaks_SOURCES = tests/unit/query/test_leaks.c tests/unit/query/play.c tests/unit/query/play.h tests/unit/query/sample.c tests/unit/query/sample.h tests/unit/unit.h
tests_unit_query_test_leaks_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/query
tests_unit_query_test_leaks_LDADD = $(UNIT_LDADD)
tests_unit_query_test_waits_SOURCES = tests/unit/query/test_waits.c tests/unit/query/play.c tests/unit/query/play.h tests/unit/query/sample.c tests/unit/query/sample.h tests/unit/unit.h
tests_unit_query_test_waits_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/query
tests_unit_query_test_waits_LDADD = $(UNIT_LDADD)
tests_unit_query_test_native_SOURCES = tests/unit/query/test_native.c tests/unit/query/play.c tests/unit/query/play.h tests/unit/query/sample.c tests/unit/query/sample.h tests/unit/unit.h
tests_unit_query_test_native_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/query
tests_unit_query_test_native_LDADD = $(UNIT_LDADD)
