# tests/unit/analyze: one cmocka program a module of src/analyze.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/analyze/test_verdict
TESTS += tests/unit/analyze/test_verdict
endif
tests_unit_analyze_test_verdict_SOURCES = tests/unit/analyze/test_verdict.c tests/unit/unit.h
tests_unit_analyze_test_verdict_CFLAGS = $(UNIT_CFLAGS)
tests_unit_analyze_test_verdict_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/analyze/test_series
TESTS += tests/unit/analyze/test_series
endif
tests_unit_analyze_test_series_SOURCES = tests/unit/analyze/test_series.c tests/unit/unit.h
tests_unit_analyze_test_series_CFLAGS = $(UNIT_CFLAGS)
tests_unit_analyze_test_series_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/analyze/test_bound
TESTS += tests/unit/analyze/test_bound
endif
tests_unit_analyze_test_bound_SOURCES = tests/unit/analyze/test_bound.c tests/unit/unit.h
tests_unit_analyze_test_bound_CFLAGS = $(UNIT_CFLAGS)
tests_unit_analyze_test_bound_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/analyze/test_fold
TESTS += tests/unit/analyze/test_fold
endif
tests_unit_analyze_test_fold_SOURCES = tests/unit/analyze/test_fold.c tests/unit/unit.h
tests_unit_analyze_test_fold_CFLAGS = $(UNIT_CFLAGS)
tests_unit_analyze_test_fold_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/analyze/test_shapes
TESTS += tests/unit/analyze/test_shapes
endif
tests_unit_analyze_test_shapes_SOURCES = tests/unit/analyze/test_shapes.c tests/unit/unit.h
tests_unit_analyze_test_shapes_CFLAGS = $(UNIT_CFLAGS)
tests_unit_analyze_test_shapes_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/analyze/test_four
TESTS += tests/unit/analyze/test_four
endif
tests_unit_analyze_test_four_SOURCES = tests/unit/analyze/test_four.c tests/unit/unit.h
tests_unit_analyze_test_four_CFLAGS = $(UNIT_CFLAGS)
tests_unit_analyze_test_four_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/analyze/test_life
TESTS += tests/unit/analyze/test_life
endif
tests_unit_analyze_test_life_SOURCES = tests/unit/analyze/test_life.c tests/unit/unit.h
tests_unit_analyze_test_life_CFLAGS = $(UNIT_CFLAGS)
tests_unit_analyze_test_life_LDADD = $(UNIT_LDADD)
