#!/bin/sh
# Every shared dump gives exactly the graph figures of its oracle, and the vault that Ruby measured. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
[ -d "$HDA_SHARED/dumps" ] || skip_all "no shared dumps"
command -v python3 >/dev/null && command -v zstd >/dev/null || skip_all "python3 and zstd are needed"
program=$top_builddir/tests/unit/graph/graph_json
for dump in "$HDA_SHARED"/dumps/*.dump.zst; do
	out=$(python3 "$top_srcdir/tests/unit/graph/compare.py" "$program" "$dump" 2>&1)
	is "$(basename "$dump" .dump.zst)" "$out" ""
done
done_testing
