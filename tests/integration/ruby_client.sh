#!/bin/sh
# The gem's own tests: minitest files, as TAP. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/gem_tests.sh"
gem_tests files "$gem"/test/*_test.rb
