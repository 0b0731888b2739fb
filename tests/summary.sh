#!/bin/sh
# Adds up what the tests of a build tree said: tests/summary.sh BUILDDIR... -> "N passed, N failed, N skipped".
# Exits 1 when anything failed, or when nothing passed at all.
find "$@" -name '*.trs' -exec cat {} + | awk '
	/^:test-result: (PASS|XFAIL)/ { p++ }
	/^:test-result: (FAIL|XPASS|ERROR)/ { f++ }
	/^:test-result: SKIP/ { s++ }
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit (f > 0 || p == 0) }'
