# tests/unit/proto: one cmocka program a module of src/proto.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/proto/test_walk tests/unit/proto/test_message tests/unit/proto/test_begin tests/unit/proto/test_request \
	tests/unit/proto/test_rows
TESTS += tests/unit/proto/test_walk tests/unit/proto/test_message tests/unit/proto/test_begin tests/unit/proto/test_request \
	tests/unit/proto/test_rows
endif
tests_unit_proto_test_walk_SOURCES = tests/unit/proto/test_walk.c tests/unit/proto/pack.h tests/unit/unit.h
tests_unit_proto_test_walk_CFLAGS = $(UNIT_CFLAGS)
tests_unit_proto_test_walk_LDADD = $(UNIT_LDADD)
tests_unit_proto_test_message_SOURCES = tests/unit/proto/test_message.c tests/unit/proto/pack.h tests/unit/unit.h
tests_unit_proto_test_message_CFLAGS = $(UNIT_CFLAGS)
tests_unit_proto_test_message_LDADD = $(UNIT_LDADD)
tests_unit_proto_test_begin_SOURCES = tests/unit/proto/test_begin.c tests/unit/proto/pack.h tests/unit/unit.h
tests_unit_proto_test_begin_CFLAGS = $(UNIT_CFLAGS)
tests_unit_proto_test_begin_LDADD = $(UNIT_LDADD)
tests_unit_proto_test_request_SOURCES = tests/unit/proto/test_request.c tests/unit/proto/pack.h tests/unit/unit.h
tests_unit_proto_test_request_CFLAGS = $(UNIT_CFLAGS)
tests_unit_proto_test_request_LDADD = $(UNIT_LDADD)
tests_unit_proto_test_rows_SOURCES = tests/unit/proto/test_rows.c tests/unit/proto/pack.h tests/unit/unit.h
tests_unit_proto_test_rows_CFLAGS = $(UNIT_CFLAGS)
tests_unit_proto_test_rows_LDADD = $(UNIT_LDADD)
