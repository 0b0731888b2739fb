#!/bin/sh
# The gem's own tests: minitest files, as TAP. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
[ -n "${RUBY:-}" ] || skip_all 'no ruby'
"$RUBY" -rminitest -e 1 2>/dev/null || skip_all 'this ruby has no minitest'
gem=$top_srcdir/contrib/ruby-client
exec "$RUBY" -I "$gem/lib" "$gem/test/tap.rb" "$gem"/test/*_test.rb
