# tests/unit/daemon: one cmocka program a module of src/daemon; and the program that prints the tables for the documents.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/daemon/test_config tests/unit/daemon/test_storer
TESTS += tests/unit/daemon/test_config tests/unit/daemon/test_storer
endif
tests_unit_daemon_test_config_SOURCES = tests/unit/daemon/test_config.c tests/unit/unit.h
tests_unit_daemon_test_config_CFLAGS = $(UNIT_CFLAGS)
tests_unit_daemon_test_config_LDADD = $(UNIT_LDADD)
tests_unit_daemon_test_storer_SOURCES = tests/unit/daemon/test_storer.c tests/unit/unit.h
tests_unit_daemon_test_storer_CFLAGS = $(UNIT_CFLAGS)
tests_unit_daemon_test_storer_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/daemon/tables
tests_unit_daemon_tables_SOURCES = tests/unit/daemon/tables.c
