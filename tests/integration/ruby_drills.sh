#!/bin/sh
# The gem's drills beside a real hdad, Sidekiq and Redis, in short: 16 dumps in a row under stress and compaction, 12 rounds of
# kill -9, and every kind of forking server. `make drills` runs 200 and 100. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/gem_tests.sh"
for tool in sidekiq redis-server; do
	command -v $tool >/dev/null || skip_all "no $tool"
done
gem_tests drills "$gem"/drills/*_drill.rb
