# tests/unit/frame
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/frame/test_frame tests/unit/frame/test_raw
TESTS += tests/unit/frame/test_frame tests/unit/frame/test_raw
endif
tests_unit_frame_test_frame_SOURCES = tests/unit/frame/test_frame.c tests/unit/unit.h
tests_unit_frame_test_frame_CFLAGS = $(UNIT_CFLAGS)
tests_unit_frame_test_frame_LDADD = $(UNIT_LDADD)
tests_unit_frame_test_raw_SOURCES = tests/unit/frame/test_raw.c tests/unit/unit.h
tests_unit_frame_test_raw_CFLAGS = $(UNIT_CFLAGS)
tests_unit_frame_test_raw_LDADD = $(UNIT_LDADD)
