#!/bin/sh
# Random small dumps, read by hdactl -f: retained sizes are those of a slow count, and every report stays the same, row for row, when the lines
# are shuffled and the addresses replaced. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
command -v python3 >/dev/null || skip_all "no python3"
work=$(mktemp -d "${TMPDIR:-/tmp}/hda-random.XXXXXX")
trap 'rm -rf "$work"' EXIT
for seed in 1 2 3 4 5 6 7 8; do
	in_part "$seed" || continue
	is "dump $seed" "$(python3 "$top_srcdir/tests/integration/cli_random.py" "$top_builddir/hdactl" "$work" "$seed" 2>&1 | cut -c1-800)" ""
done
done_testing
