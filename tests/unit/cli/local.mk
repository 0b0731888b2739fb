# tests/unit/cli: one cmocka program a module of src/cli.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/cli/test_input
TESTS += tests/unit/cli/test_input
endif
tests_unit_cli_test_input_SOURCES = tests/unit/cli/test_input.c tests/unit/unit.h
tests_unit_cli_test_input_CFLAGS = $(UNIT_CFLAGS)
tests_unit_cli_test_input_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/cli/test_text
TESTS += tests/unit/cli/test_text
endif
tests_unit_cli_test_text_SOURCES = tests/unit/cli/test_text.c tests/unit/unit.h
tests_unit_cli_test_text_CFLAGS = $(UNIT_CFLAGS)
tests_unit_cli_test_text_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/cli/test_client
TESTS += tests/unit/cli/test_client
endif
tests_unit_cli_test_client_SOURCES = tests/unit/cli/test_client.c tests/unit/unit.h
tests_unit_cli_test_client_CFLAGS = $(UNIT_CFLAGS)
tests_unit_cli_test_client_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/cli/test_jsonin
TESTS += tests/unit/cli/test_jsonin
endif
tests_unit_cli_test_jsonin_SOURCES = tests/unit/cli/test_jsonin.c tests/unit/unit.h
tests_unit_cli_test_jsonin_CFLAGS = $(UNIT_CFLAGS)
tests_unit_cli_test_jsonin_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/cli/test_reader
TESTS += tests/unit/cli/test_reader
endif
tests_unit_cli_test_reader_SOURCES = tests/unit/cli/test_reader.c tests/unit/unit.h
tests_unit_cli_test_reader_CFLAGS = $(UNIT_CFLAGS)
tests_unit_cli_test_reader_LDADD = $(UNIT_LDADD)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/cli/test_window
TESTS += tests/unit/cli/test_window
endif
tests_unit_cli_test_window_SOURCES = tests/unit/cli/test_window.c tests/unit/unit.h
tests_unit_cli_test_window_CFLAGS = $(UNIT_CFLAGS)
tests_unit_cli_test_window_LDADD = $(UNIT_LDADD)
