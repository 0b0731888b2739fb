# The gem's own tests, minitest files of which this suite does its part. SPDX-License-Identifier: BSD-2-Clause
# Source it after tap.sh, and end with gem_tests WHAT FILE...
[ -n "${RUBY:-}" ] || skip_all 'no ruby'
"$RUBY" -rminitest -e 1 2>/dev/null || skip_all 'this ruby has no minitest'
gem=$top_srcdir/contrib/ruby-client
# The gem is Ruby alone, whatever the build: its tests are shared by file.
gem_tests() {
	what=$1; shift
	n=0
	for file in "$@"; do
		shift
		n=$((n + 1))
		in_part "$n" && set -- "$@" "$file"
	done
	[ -z "${HDA_TEST_PART:-}" ] || diag "part $HDA_TEST_PART of the $what: $(basename -a "$@" | tr '\n' ' ')"
	exec "$RUBY" -I "$gem/lib" "$gem/test/tap.rb" "$@"
}
