# tests/bench
EXTRA_PROGRAMS += tests/bench/scan_bench
tests_bench_scan_bench_SOURCES = tests/bench/scan_bench.c
