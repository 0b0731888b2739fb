#!/bin/sh
# Adds up what the tests of a build tree said: tests/summary.sh BUILDDIR... -> "N passed, N failed, N skipped".
# Before that it tells each failure, with what the test wrote about it: a log of CI is long, and its end is what is read.
# Exits 1 when anything failed, or when nothing passed at all.
find "$@" -name '*.trs' -exec grep -lE '^:test-result: (FAIL|XPASS|ERROR)' {} + | sort | while read -r trs; do
	echo "=== failed: ${trs%.trs}"
	# A line "not ok" and what it says after it; of a test that died without one, the end.
	if grep -aq '^not ok' "${trs%.trs}.log"; then grep -a -A 12 '^not ok' "${trs%.trs}.log"; else tail -n 25 "${trs%.trs}.log"; fi |
		grep -av '^ok ' | cut -c 1-600 | head -n 60
done
find "$@" -name '*.trs' -exec cat {} + | awk '
	/^:test-result: (PASS|XFAIL)/ { p++ }
	/^:test-result: (FAIL|XPASS|ERROR)/ { f++ }
	/^:test-result: SKIP/ { s++ }
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit (f > 0 || p == 0) }'
