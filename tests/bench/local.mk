# tests/bench: speed and memory; `make bench`, never part of `make check`.
EXTRA_PROGRAMS += tests/bench/pipe_bench tests/bench/scan_bench tests/bench/graph_bench
tests_bench_graph_bench_SOURCES = tests/bench/graph_bench.c
tests_bench_pipe_bench_SOURCES = tests/bench/pipe_bench.c
tests_bench_scan_bench_SOURCES = tests/bench/scan_bench.c
EXTRA_DIST += tests/bench/bench.py tests/bench/README.md
.PHONY: bench
bench: tests/bench/pipe_bench$(EXEEXT)
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' HDA_SHARED="$${HDA_SHARED:-$(abs_top_srcdir)/../shared}" \
		CC='$(CC)' CXX='$(CXX)' python3 $(top_srcdir)/tests/bench/bench.py $(BENCH)
EXTRA_DIST += tests/bench/common.py tests/bench/daemon.py tests/bench/queries.py tests/bench/load.py
.PHONY: bench-daemon
bench-daemon: hdad$(EXEEXT) hdactl$(EXEEXT) tests/bench/store_bench$(EXEEXT) tests/bench/state_bench$(EXEEXT)
	top_builddir='$(abs_top_builddir)' HDA_SHARED="$${HDA_SHARED:-$(abs_top_srcdir)/../shared}" CC='$(CC)' \
		python3 -B $(top_srcdir)/tests/bench/daemon.py $(BENCH)
	top_builddir='$(abs_top_builddir)' HDA_SHARED="$${HDA_SHARED:-$(abs_top_srcdir)/../shared}" CC='$(CC)' \
		python3 -B $(top_srcdir)/tests/bench/load.py $(BENCH)
	top_builddir='$(abs_top_builddir)' python3 -B $(top_srcdir)/tests/bench/queries.py $(BENCH)
# Needs cmocka's header only by unit.h; run by hand: see its first lines.
EXTRA_PROGRAMS += tests/bench/store_bench
tests_bench_store_bench_SOURCES = tests/bench/store_bench.c tests/unit/store/series.c tests/unit/store/series.h
tests_bench_store_bench_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/store
tests_bench_store_bench_LDADD = $(UNIT_LDADD)
# Asks what store_bench left.
EXTRA_PROGRAMS += tests/bench/query_bench
tests_bench_query_bench_SOURCES = tests/bench/query_bench.c
# The verdict after a dump, and leaks over many processes.
EXTRA_PROGRAMS += tests/bench/state_bench
tests_bench_state_bench_SOURCES = tests/bench/state_bench.c tests/unit/store/series.c tests/unit/store/series.h
tests_bench_state_bench_CFLAGS = $(UNIT_CFLAGS) -I$(srcdir)/tests/unit/store
tests_bench_state_bench_LDADD = $(UNIT_LDADD)
