#!/bin/sh
# Leaks that only a thread's stack or variables hold: in the forked child, which has one thread, they are named all the same. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
share 2 # in the sanitizers' suite
[ -n "${RUBY:-}" ] || skip_all 'no ruby'
command -v jq >/dev/null || skip_all 'no jq'
. "$top_srcdir/tests/integration/lib.sh"
trap hda_cleanup EXIT
export HDA_RUNTIME_DIR="$work/run" HDA_SOCKET="$work/run/ingest.sock"

ok 'hdad starts' hdad_start
# work TRACE [STACKS]: a process from its begin to its end; $worker.
work() {
	HDA_STACKS=${2:-1} TRACE=$1 DUMPS=12 "$RUBY" -I "$top_srcdir/contrib/ruby-client/lib" "$top_srcdir/tests/integration/gem_threads_worker.rb" >"$work/worker.log" 2>&1 &
	worker=$!
	wait "$worker" || diag "$(cat "$work/worker.log")"
}
# run TRACE NAME: its leaks, one a line: "CLASS RATE", in $work/leaks.
run() {
	work "$1"
	is "$2: every dump went through" "$(cat "$work/worker.log")" '1200 {}'
	"$hdactl" --json leaks --pid "$worker" >"$work/leaks.json" 2>"$work/err"
	jq -r '.rows[] | select(.label == "leak") | "\(.class) \(.objects_per_job | . * 20 | round / 20)"' "$work/leaks.json" | sort >"$work/leaks"
	diag "$("$hdactl" leaks --pid "$worker" 2>&1)"
	is "$2: three leaks" "$(cat "$work/leaks")" "$(printf 'OfLocal 0.25\nOfMain 1\nOfStack 0.5')"
	held "$2: by the stack of the main thread" OfMain 'thread stack -> Hash'
	held "$2: by the stack of another" OfStack 'thread stack -> Array'
	held "$2: by a variable of a thread" OfLocal 'Thread[:log] -> Array'
}
held() { is "$1" "$(jq -r --arg k "$2" '.rows[] | select(.class == $k) | .holder' "$work/leaks.json")" "$3"; }
run 0 'without tracing'
run 1 'traced'
dump=$("$hdactl" --json dumps | jq '[.rows[].dump] | max')
is 'show: the roots of the parent' "$("$hdactl" --json show "$dump" | jq -r '[.rows[] | select(.list == "roots") | .name | select(startswith("thread"))] | sort | join(", ")')" 'thread stacks, threads'
like 'path: begins at the stack' "$("$hdactl" path "$dump" --class OfMain)" 'thread stack -> Hash'

# Without the gem's help nobody can tell, and leaks does not claim to.
work 1 0
"$hdactl" leaks --pid "$worker" >"$work/out" 2>&1
like 'without stacks: unreachable objects become more' "$(cat "$work/out")" 'no leak found among what is held; but unreachable objects become [0-9]+ more'
unlike 'without stacks: no promise' "$(cat "$work/out")" 'would have been seen'
hdad_stop
is 'SIGTERM ends it with 0' "$hdad_status" 0
done_testing
