#!/bin/sh
# Every shared dump gives exactly the graph figures of its oracle, and the vault that Ruby measured. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
[ -d "$HDA_SHARED/dumps" ] || skip_all "no shared dumps"
command -v python3 >/dev/null && command -v zstd >/dev/null || skip_all "python3 and zstd are needed"
program=$top_builddir/tests/unit/graph/graph_json
[ -z "${HDA_TEST_PART:-}" ] || diag "part $HDA_TEST_PART of the dumps is renumbered as well; all are compared with their oracle"
n=0
for dump in "$HDA_SHARED"/dumps/*.dump.zst; do
	n=$((n + 1)) renumber=
	in_part "$n" && renumber=renumber
	out=$(python3 "$top_srcdir/tests/unit/graph/compare.py" "$program" "$dump" $renumber 2>&1)
	is "$(basename "$dump" .dump.zst)" "$out" ""
done
done_testing
