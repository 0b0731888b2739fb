#!/bin/sh
# The main job in a minute: hdad on a throw-away directory, a Ruby worker that really leaks, and what hdactl says of it.
#	tests/integration/demo.sh BUILDDIR        (HDA_DEMO_KEEP=1 keeps the directory)
set -eu
build=$(cd "${1:?usage: demo.sh BUILDDIR}" && pwd)
src=$(cd "$(dirname "$0")/../.." && pwd)
ruby=${RUBY:-$(command -v ruby || true)}
[ -n "$ruby" ] || { echo 'demo: ruby is missing: apt-get install ruby' >&2; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/hda-demo.XXXXXX")
hdad_pid=
cleanup() {
	[ -z "$hdad_pid" ] || { kill "$hdad_pid" 2>/dev/null || true; wait "$hdad_pid" 2>/dev/null || true; }
	[ -n "${HDA_DEMO_KEEP:-}" ] || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
mkdir -m 700 "$work/state" "$work/run"
say() { printf '\n$ %s\n' "$*"; }

say "hdad --state-dir $work/state --runtime-dir $work/run &"
"$build/hdad" --state-dir "$work/state" --runtime-dir "$work/run" >"$work/hdad.log" 2>&1 &
hdad_pid=$!
n=0
until grep -q event=ready "$work/hdad.log" 2>/dev/null; do
	n=$((n + 1))
	[ $n -lt 200 ] && kill -0 $hdad_pid 2>/dev/null || { cat "$work/hdad.log" >&2; exit 1; }
	sleep 0.05
done

say 'ruby worker.rb        # 12 000 jobs: a class that keeps every price, a cache with a bound, a table loaded once, and much garbage'
HDA_SOCKET="$work/run/ingest.sock" "$ruby" -I "$src/contrib/ruby-client/lib" "$src/tests/integration/demo_worker.rb"

export HDA_RUNTIME_DIR="$work/run"
# report [MAYBE] ARG ...: shows and runs hdactl; exit 1 (nothing found) is an answer, too.
report() {
	say "hdactl $*"
	"$build/hdactl" "$@" || [ $? -eq 1 ]
}
report ps
report dumps
report top --by site -n 6
report trend --by site -n 5
report leaks
id=$("$build/hdactl" --json leaks 2>/dev/null | sed -n 's/^{"id":"\([0-9a-f]*\)","label":"leak".*/\1/p' | head -n 1)
[ -z "$id" ] || report leaks --explain "$id"
