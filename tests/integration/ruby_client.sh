#!/bin/sh
# The gem's own tests: minitest files, as TAP. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
[ -n "${RUBY:-}" ] || skip_all 'no ruby'
"$RUBY" -rminitest -e 1 2>/dev/null || skip_all 'this ruby has no minitest'
gem=$top_srcdir/contrib/ruby-client
# The gem is Ruby alone, whatever the build: by file.
n=0
for file in "$gem"/test/*_test.rb; do
	n=$((n + 1))
	in_part "$n" && set -- "$@" "$file"
done
[ -z "${HDA_TEST_PART:-}" ] || diag "part $HDA_TEST_PART of the files: $(basename -a "$@" | tr '\n' ' ')"
exec "$RUBY" -I "$gem/lib" "$gem/test/tap.rb" "$@"
