# tests/unit/graph: one cmocka program a module of src/graph.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/graph/test_collect tests/unit/graph/test_conclude tests/unit/graph/test_dom \
	tests/unit/graph/test_labels tests/unit/graph/test_leaves
TESTS += tests/unit/graph/test_collect tests/unit/graph/test_conclude tests/unit/graph/test_dom \
	tests/unit/graph/test_labels tests/unit/graph/test_leaves
endif
graph_fake = tests/unit/graph/fake_stages.c tests/unit/graph/fake_stages.h tests/unit/unit.h
tests_unit_graph_test_collect_SOURCES = tests/unit/graph/test_collect.c $(graph_fake)
tests_unit_graph_test_collect_CFLAGS = $(UNIT_CFLAGS)
tests_unit_graph_test_collect_LDADD = $(UNIT_LDADD)
tests_unit_graph_test_conclude_SOURCES = tests/unit/graph/test_conclude.c $(graph_fake)
tests_unit_graph_test_conclude_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/graph
tests_unit_graph_test_conclude_LDADD = $(UNIT_LDADD)
tests_unit_graph_test_labels_SOURCES = tests/unit/graph/test_labels.c $(graph_fake)
tests_unit_graph_test_labels_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/graph
tests_unit_graph_test_labels_LDADD = $(UNIT_LDADD)
tests_unit_graph_test_dom_SOURCES = tests/unit/graph/test_dom.c tests/unit/unit.h
tests_unit_graph_test_dom_CFLAGS = $(UNIT_CFLAGS)
tests_unit_graph_test_dom_LDADD = $(UNIT_LDADD)
tests_unit_graph_test_leaves_SOURCES = tests/unit/graph/test_leaves.c tests/unit/unit.h
tests_unit_graph_test_leaves_CFLAGS = $(UNIT_CFLAGS)
tests_unit_graph_test_leaves_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/graph/graph_json
tests_unit_graph_graph_json_SOURCES = tests/unit/graph/graph_json.c tests/unit/names_json.h
tests_unit_graph_graph_json_CFLAGS = $(UNIT_CFLAGS)
TESTS += tests/unit/graph/fixtures.sh
EXTRA_DIST += tests/unit/graph/fixtures.sh tests/unit/graph/compare.py
