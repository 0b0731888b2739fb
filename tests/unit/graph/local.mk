# tests/unit/graph: one cmocka program a module of src/graph.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/graph/test_collect
TESTS += tests/unit/graph/test_collect
endif
graph_fake = tests/unit/graph/fake_stages.c tests/unit/graph/fake_stages.h tests/unit/unit.h
tests_unit_graph_test_collect_SOURCES = tests/unit/graph/test_collect.c $(graph_fake)
tests_unit_graph_test_collect_CFLAGS = $(UNIT_CFLAGS)
tests_unit_graph_test_collect_LDADD = $(UNIT_LDADD)
