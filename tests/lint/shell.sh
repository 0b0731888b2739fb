#!/bin/sh
# Every shell script parses, is said to be run by sh, and the ones people start can be run.
. "$top_srcdir/tests/tap.sh"
cd "$top_srcdir" || exit 99
for f in bootstrap $(find tests contrib -name '*.sh' | sort); do
	ok "$f parses" sh -n "$f"
done
for f in bootstrap tests/summary.sh; do ok "$f can be run" test -x "$f"; done
done_testing
