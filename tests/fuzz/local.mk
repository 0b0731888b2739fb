# tests/fuzz: see README.md there.
if WITH_FUZZER
FUZZ_MAIN = tests/fuzz/fuzz.h
else
FUZZ_MAIN = tests/fuzz/fuzz.h tests/fuzz/replay.c
TESTS += $(FUZZ_TARGETS)
endif
FUZZ_TARGETS = tests/fuzz/fuzz_scan tests/fuzz/fuzz_query tests/fuzz/fuzz_config tests/fuzz/fuzz_record \
	tests/fuzz/fuzz_frame tests/fuzz/fuzz_proto
check_PROGRAMS += $(FUZZ_TARGETS)
FUZZ_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/fuzz
EXTRA_DIST += tests/fuzz/README.md tests/fuzz/corpus

tests_fuzz_fuzz_scan_SOURCES = tests/fuzz/fuzz_scan.c tests/unit/scan/scan_record.c tests/unit/scan/scan_record.h $(FUZZ_MAIN)
tests_fuzz_fuzz_scan_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_scan_LDFLAGS = $(AM_LDFLAGS) $(FUZZER_LDFLAGS)

tests_fuzz_fuzz_query_SOURCES = tests/fuzz/fuzz_query.c $(FUZZ_MAIN)
tests_fuzz_fuzz_query_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_query_LDFLAGS = $(AM_LDFLAGS) $(FUZZER_LDFLAGS)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c $(FUZZ_MAIN)
tests_fuzz_fuzz_config_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZER_LDFLAGS)

tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz_record.c tests/unit/store/memdict.c tests/unit/store/memdict.h $(FUZZ_MAIN)
tests_fuzz_fuzz_record_CPPFLAGS = $(FUZZ_CPPFLAGS) -I$(srcdir)/tests/unit/store
tests_fuzz_fuzz_record_LDFLAGS = $(AM_LDFLAGS) $(FUZZER_LDFLAGS)

tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c $(FUZZ_MAIN)
tests_fuzz_fuzz_frame_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_frame_LDFLAGS = $(AM_LDFLAGS) $(FUZZER_LDFLAGS)

tests_fuzz_fuzz_proto_SOURCES = tests/fuzz/fuzz_proto.c $(FUZZ_MAIN)
tests_fuzz_fuzz_proto_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_proto_LDFLAGS = $(AM_LDFLAGS) $(FUZZER_LDFLAGS)
