# tests/unit/socket: one cmocka program a module of src/socket.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/socket/test_listener tests/unit/socket/test_session
TESTS += tests/unit/socket/test_listener tests/unit/socket/test_session
endif
tests_unit_socket_test_listener_SOURCES = tests/unit/socket/test_listener.c tests/unit/unit.h
tests_unit_socket_test_listener_CFLAGS = $(UNIT_CFLAGS)
tests_unit_socket_test_listener_LDADD = $(UNIT_LDADD)
tests_unit_socket_test_session_SOURCES = tests/unit/socket/test_session.c tests/unit/unit.h
tests_unit_socket_test_session_CFLAGS = $(UNIT_CFLAGS)
tests_unit_socket_test_session_LDADD = $(UNIT_LDADD)
