# TAP for shell tests. Source it, call ok/is/like/skip, end with done_testing.
#	. "$top_srcdir/tests/tap.sh"
tap_n=0
tap_failed=0
# ok NAME COMMAND [ARG ...]: passes when the command succeeds.
ok() {
	tap_name=$1; shift
	tap_n=$((tap_n + 1))
	if "$@"; then echo "ok $tap_n - $tap_name"; else echo "not ok $tap_n - $tap_name"; tap_failed=$((tap_failed + 1)); fi
}
# is NAME GOT WANTED: passes when both texts are equal.
is() {
	tap_n=$((tap_n + 1))
	if [ "x$2" = "x$3" ]; then echo "ok $tap_n - $1"; else
		echo "not ok $tap_n - $1"; tap_failed=$((tap_failed + 1))
		printf '%s\n' "got:    $2" "wanted: $3" | sed 's/^/# /'
	fi
}
# like NAME TEXT REGEX: passes when the extended regex matches a line of the text.
like() {
	tap_n=$((tap_n + 1))
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then echo "ok $tap_n - $1"; else
		echo "not ok $tap_n - $1"; tap_failed=$((tap_failed + 1))
		printf '%s\n' "got:    $2" "wanted: /$3/" | sed 's/^/# /'
	fi
}
# unlike NAME TEXT REGEX: passes when no line of the text matches.
unlike() {
	tap_n=$((tap_n + 1))
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		echo "not ok $tap_n - $1"; tap_failed=$((tap_failed + 1))
		printf '%s\n' "got:      $2" "unwanted: /$3/" | sed 's/^/# /'
	else echo "ok $tap_n - $1"; fi
}
# skip NAME REASON: counts as skipped.
skip() { tap_n=$((tap_n + 1)); echo "ok $tap_n - $1 # SKIP $2"; }
# skip_all REASON: the whole file is skipped.
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
diag() { printf '%s\n' "$*" | sed 's/^/# /'; }
# wait_for SECONDS COMMAND [ARG ...]: polls until the command succeeds; fails after the deadline, which is a net for what hangs and
# costs nothing when met: never less than half a minute, so that a loaded machine with a sanitizer's build is not called broken.
wait_for() {
	[ "$1" -ge 30 ] || { shift; set -- 30 "$@"; }
	tap_end=$(($(date +%s) + $1)); shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$tap_end" ] || return 1
		sleep 0.05
	done
}
# in_part NUMBER: whether this one of a long list belongs to HDA_TEST_PART, K/N: the K-th of N suites that share what is long and whose
# first has done all of it (.ci/run). Without it everything does. tests/README.md names the tests that ask.
in_part() { [ -z "${HDA_TEST_PART:-}" ] || [ $(($1 % ${HDA_TEST_PART#*/} + 1)) -eq "${HDA_TEST_PART%/*}" ]; }
# share NUMBER: the same for a whole file.
share() { in_part "$1" || skip_all "part $HDA_TEST_PART: the other suite does this file"; }
done_testing() { echo "1..$tap_n"; [ "$tap_failed" -eq 0 ]; }
