#!/bin/sh
# No stage includes a later one; third-party headers stay in their stage.
. "$top_srcdir/tests/tap.sh"
cd "$top_srcdir/src" || exit 99

order='base proto frame scan reduce graph store analyze query socket daemon cli'
# rank STAGE: sets r to its place, 0 for none. No subshell: there are hundreds of calls.
rank() { r=0; for s in $order; do r=$((r + 1)); [ "$s" = "$1" ] && return; done; r=0; }

for stage in $order; do
	wrong=
	rank "$stage"
	mine=$r
	for line in $(grep -Ho '^#include "[a-z]*/[a-z0-9_]*\.h"' "$stage"/*.[ch] 2>/dev/null | sed 's/#include "//; s/"//'); do
		file=${line%%:*}; header=${line#*:}; other=${header%%/*}
		[ "$other" = hda ] && continue
		rank "$other"
		# pipeline.h is the composition of the stages: the daemon's, and file mode's in cli.
		[ "$r" -eq 0 ] || [ "$r" -gt "$mine" ] && wrong="$wrong $file->$header"
	done
	is "$stage includes no later stage" "$wrong" ''
done

# only HEADER STAGES...: a third-party header is included nowhere else.
only() {
	header=$1; shift
	wrong=
	for f in $(grep -l "^#include <$header" ./*/*.[ch] 2>/dev/null); do
		stage=$(echo "$f" | cut -d/ -f2)
		case " $* " in *" $stage "*) ;; *) wrong="$wrong $f" ;; esac
	done
	is "<$header> only in $*" "$wrong" ''
}
only lmdb.h store
only msgpack proto
only event2/ socket daemon cli
only systemd/ socket daemon
only libsmartcols cli
only ini.h daemon

# base .. query neither log nor read the clock nor hold state of their own.
pure='base proto frame scan reduce graph analyze query'
for stage in $pure; do
	found=$(grep -nE '\b(clock_gettime|gettimeofday|time\(NULL\)|time\(0\)|localtime|syslog|sd_journal)' "$stage"/*.c 2>/dev/null)
	is "$stage reads no clock and writes no log" "$found" ''
done
done_testing
