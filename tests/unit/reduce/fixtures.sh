#!/bin/sh
# Every shared dump is reduced to exactly the figures of its oracle. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
[ -d "$HDA_SHARED/dumps" ] || skip_all "no shared dumps"
command -v python3 >/dev/null && command -v zstd >/dev/null || skip_all "python3 and zstd are needed"
program=$top_builddir/tests/unit/reduce/reduce_json
[ -z "${HDA_TEST_PART:-}" ] || diag "part $HDA_TEST_PART of the ways in which a dump is fed; each dump is"
for dump in "$HDA_SHARED"/dumps/*.dump.zst; do
	out=$(python3 "$top_srcdir/tests/unit/reduce/compare.py" "$program" "$dump" 2>&1)
	is "$(basename "$dump" .dump.zst)" "$out" ""
done
done_testing
