#!/bin/sh
# The gem's drills beside a real hdad, Sidekiq and Redis, in short: 16 dumps in a row under stress and compaction, 12 rounds of
# kill -9, and every kind of forking server. `make drills` runs 200 and 100. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
[ -n "${RUBY:-}" ] || skip_all 'no ruby'
"$RUBY" -rminitest -e 1 2>/dev/null || skip_all 'this ruby has no minitest'
for tool in sidekiq redis-server; do
	command -v $tool >/dev/null || skip_all "no $tool"
done
gem=$top_srcdir/contrib/ruby-client
n=0
for file in "$gem"/drills/*_drill.rb; do
	n=$((n + 1))
	in_part "$n" && set -- "$@" "$file"
done
[ -z "${HDA_TEST_PART:-}" ] || diag "part $HDA_TEST_PART of the drills: $(basename -a "$@" | tr '\n' ' ')"
exec "$RUBY" -I "$gem/lib" "$gem/test/tap.rb" "$@"
