# tests/bench: speed and memory; `make bench`, never part of `make check`.
EXTRA_PROGRAMS += tests/bench/pipe_bench tests/bench/scan_bench
tests_bench_pipe_bench_SOURCES = tests/bench/pipe_bench.c
tests_bench_scan_bench_SOURCES = tests/bench/scan_bench.c
EXTRA_DIST += tests/bench/bench.py tests/bench/README.md
.PHONY: bench
bench: tests/bench/pipe_bench$(EXEEXT)
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' HDA_SHARED="$${HDA_SHARED:-$(abs_top_srcdir)/../shared}" \
		CC='$(CC)' CXX='$(CXX)' python3 $(top_srcdir)/tests/bench/bench.py $(BENCH)
EXTRA_DIST += tests/bench/daemon.py
.PHONY: bench-daemon
bench-daemon: hdad$(EXEEXT) hdactl$(EXEEXT)
	top_builddir='$(abs_top_builddir)' HDA_SHARED="$${HDA_SHARED:-$(abs_top_srcdir)/../shared}" CC='$(CC)' \
		python3 $(top_srcdir)/tests/bench/daemon.py $(BENCH)
