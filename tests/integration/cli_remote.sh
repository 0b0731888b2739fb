#!/bin/sh
# hdactl against a real hdad: import, every report as with -f, admin commands, Ctrl-C, a daemon that goes away. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
command -v jq >/dev/null || skip_all "no jq"
[ -n "$RUBY" ] || skip_all "no ruby"
export HDA_RUNTIME_DIR="$work/run"
code() { status=0; "$@" >"$work/out" 2>"$work/err" || status=$?; }
err_lines() { wc -l <"$work/err" | tr -d ' '; }
# What is the same over the socket and with -f: all but what tells how long something took, how long ago it was and in which file.
same() { jq -cS 'walk(if type == "object" then del(.took_s, .age_s, .source) else . end)' "$1"; }

# Dumps of a process that leaks, 100 s apart, in the recent past (retention would take older ones).
mkdir "$work/d"
t0=$(($(date +%s) - 4000))
"$RUBY" -robjspace -e '
	class Leak; def initialize; @text = "leaked" * 9; end; end
	ObjectSpace.trace_object_allocations_start
	$keep = []
	6.times { |i| 200.times { $keep << Leak.new }; GC.start
		File.open("#{ARGV[0]}/heap-42-#{ARGV[1].to_i + 100 * i}-#{100 * (i + 1)}.dump", "w") { |f| ObjectSpace.dump_all(output: f) } }' "$work/d" "$t0"
gzip -q "$work/d/heap-42-$((t0 + 100))-200.dump"
zstd -q --rm "$work/d/heap-42-$((t0 + 200))-300.dump"
first="$work/d/heap-42-$t0-100.dump"
mkdir "$work/odd"
cp "$first" "$work/odd/untimed.dump"
echo 'no dump' >"$work/odd/heap-9-$t0-1.dump"

# --- no daemon
code "$hdactl" import "$work/d"
is 'no daemon: import exits 3' $status 3
is 'no daemon: one line' "$(err_lines)" 1
like 'no daemon: what to do' "$(cat "$work/err")" "cannot reach hdad at $work/run/query.sock.*systemctl start hdad.*-f DIR"
hdad_start || exit 1

code "$hdactl" ps
is 'an empty store: exit 1' $status 1
like 'an empty store: says so' "$(cat "$work/err")" 'no process has sent a dump yet'

# --- import
# watch runs beside the import, from before it.
"$hdactl" watch >"$work/watched" 2>&1 &
watch=$!
watching() { "$hdactl" --json status | jq -e '.rows[] | select(.name == "watchers") | .value == 1'; }
ok 'watch is there' wait_for 10 watching
code "$hdactl" import "$work/d" "$work/odd"
is 'import: others go on, exit 0' $status 0
is 'import: the count' "$(cat "$work/out")" '6 stored, 0 already there, 2 refused'
like 'import: a file without a time is named' "$(cat "$work/err")" 'odd/untimed.dump: no unix time in its name \(use --time\)'
like 'import: a foreign file is named' "$(cat "$work/err")" "odd/heap-9-$t0-1.dump: "
stored() { [ "$(grep -c stored "$work/watched")" -eq 6 ]; }
ok 'watch: a line for each dump' wait_for 10 stored
like 'watch: the line' "$(cat "$work/watched")" '^[0-9: -]+  stored  dump 1  pid 42  jobs 100  objects [0-9 ]+  bytes [0-9.]+[KMG]'
alive "$watch" && kill "$watch"
wait "$watch"
code "$hdactl" import "$work/d"
is 'second import: exit 0' $status 0
is 'second import: already there' "$(cat "$work/out")" '0 stored, 6 already there, 0 refused'
code "$hdactl" import "$work/odd/heap-9-$t0-1.dump"
is 'a wrong file alone: exit 5' $status 5
code "$hdactl" import "$work/odd/untimed.dump"
is 'a file without a time alone: exit 5' $status 5
code "$hdactl" import "$work/absent.dump"
is 'a file that is not there: exit 5' $status 5

# --- every report is the same as of the files
reports='ps
ps --pid 42
dumps
dumps --all
show
show 42
show first
top
top --by site
top --by gem
top --by key -n 0
top --by object
top --by class --sort count
top --type STRING
top --class Leak
generations
generation 42@600 3
strings -n 0
refs
holders
holders --class String
containers
path --class String
trend
trend --pid 42 --by class --metric count
trend --by holder
leaks
leaks --all
leaks --pid 42'
# A redirection behind ok would swallow its own line.
has_rows() { jq -e '(.rows | length) > 0 or .report == "leaks"' "$1" >/dev/null; }
compare() { # NAME-PREFIX: over the socket against the kept answers of the files
	n=0
	while read -r c; do
		n=$((n + 1))
		[ "$1" = socket ] || in_part "$n" || continue
		[ -s "$work/f$n" ] || "$hdactl" -f "$work/d" --json $c >"$work/f$n" 2>"$work/f$n.err"
		"$hdactl" --json $c >"$work/r" 2>"$work/r.err"
		same "$work/f$n" >"$work/f"; same "$work/r" >"$work/s"
		ok "$1: $c: has rows" has_rows "$work/r"
		is "$1: $c" "$(head -c 600 "$work/s")$(cksum <"$work/s")" "$(head -c 600 "$work/f")$(cksum <"$work/f")"
	done <<-END
		$reports
	END
}
# A generation that is there: which one depends on the ruby.
gen=$("$hdactl" -f "$work/d" --json generations 2>/dev/null | jq '[.rows[] | select(.generation != null and .count > 0) | .generation][0]')
reports=$(printf '%s\n' "$reports" | sed "s/^generation 42@600 3\$/generation 42@600 $gen/")
compare socket
# diff: files know all addresses, the store those of the newest generation only; what the script made is exact in both.
for c in 'diff first last' 'diff 42@100 42@300 42@600'; do
	made='[.rows[] | select(.class == "Leak" or (.type == "STRING" and .line == 2)) | del(.generation_min, .generation_max)] | sort_by(.type, .class)'
	is "$c" "$("$hdactl" --json $c 2>/dev/null | jq -c "$made")" "$("$hdactl" -f "$work/d" --json $c 2>/dev/null | jq -c "$made")"
	like "$c: finds the leak" "$("$hdactl" --json $c 2>/dev/null | jq -r '.rows[] | select(.class == "Leak") | .count')" '^(1000|400)$'
done

# --- what people see
like 'show: the head' "$("$hdactl" show 42@600)" '^dump 6   pid 42   after 600 jobs   [0-9 :-]+   whole   traced$'
like 'show: the figures' "$("$hdactl" show 42@600)" '^objects [0-9 ]+   heap [0-9.]+M   reachable [0-9.]+M   garbage [0-9.]+[KM]? \([0-9.]+%\)$'
cp "$first" "$work/plain-$t0.dump"
cp "$first" "$work/plain-$((t0 + 3000)).dump"
like 'a file without a pid: - in ps' "$("$hdactl" -f "$work/plain-$t0.dump" -f "$work/d" ps 2>/dev/null)" '^ *- '
is 'ps: no growth per hour of dumps within a minute' "$("$hdactl" -f "$first" --json ps 2>/dev/null | jq '.rows[0].bytes_per_hour')" null
code "$hdactl" leaks --pid 5555
is 'leaks of an unknown pid: exit 1' $status 1
like 'leaks of an unknown pid: helps' "$(cat "$work/err")" 'no process 5555 has ever sent a dump.*hdactl ps'
code "$hdactl" dump --pid 5555
is 'dump of an unknown pid: exit 1' $status 1
like 'dump of an unknown pid: helps' "$(cat "$work/err")" 'no process 5555'
code "$hdactl" dump --pid 5555 --traced 2 --wait
is 'dump --traced --wait: the daemon takes it' $status 1
code "$hdactl" dump --pid 5555 --traced 99999
is 'dump --traced too long: exit 2' $status 2

# --- watch --since
"$hdactl" --json watch --since $((t0 + 3000)) >"$work/since" 2>&1 &
watch=$!
past() { [ "$(jq -r 'select(.event == "stored") | .dump' "$work/since" | tr '\n' ' ')" = '1 2 3 4 5 6 ' ]; }
ok 'watch --since shows what happened before' wait_for 10 past
alive "$watch" && kill "$watch"
wait "$watch"

# --- status, config, reload
code "$hdactl" status
is 'status: exit 0' $status 0
like 'status: the daemon first' "$(head -n 1 "$work/out")" "^hdad [0-9.]+   pid $hdad_pid   up [0-9.]+[smh].*   healthy\$"
like 'status: the store' "$(cat "$work/out")" '^store   [0-9.]+[KM] of 4\.0G   6 dumps of 1 process   first [0-9hm]+ ago$'
like 'status: bytes are shown as bytes' "$(cat "$work/out")" '^store +max_bytes +4\.0G '
like 'status: times as times' "$(cat "$work/out")" '^store +oldest_dump_time +20[0-9-]+ [0-9:]+ '
like 'status --exact: numbers' "$("$hdactl" --exact status)" '^store +max_bytes +4294967296 '
is 'status: dumps' "$("$hdactl" --json status | jq '.rows[] | select(.group == "store" and .name == "dumps") | .value')" 6
code "$hdactl" config
is 'config: exit 0' $status 0
like 'config: an option' "$(cat "$work/out")" 'max_dumps'
code "$hdactl" config show
is 'config show is config' $status 0
is 'config --changed: nothing is' "$("$hdactl" --json config --changed | jq '.rows | length')" 0
code "$hdactl" config --changed
is 'config --changed: nothing is: says so' "$(cat "$work/out")" "no option differs from its built-in value"
ok 'config --default' test "$("$hdactl" --json config --default | jq '.rows | length')" -ge 20
is 'config default is config --default' "$("$hdactl" --json config default)" "$("$hdactl" --json config --default)"
code "$hdactl" config nonsense
is 'config: an unknown word: exit 2' $status 2
code "$hdactl" reload
ok 'reload without a file: done, or said why' test $status -eq 0 -o -s "$work/err"

# --- --runtime-dir wins over the environment
HDA_RUNTIME_DIR="$work/none" code "$hdactl" --runtime-dir "$work/run" ps
is '--runtime-dir: exit 0' $status 0
HDA_RUNTIME_DIR="$work/none" code "$hdactl" ps
is 'HDA_RUNTIME_DIR counts: exit 3' $status 3

# --- Ctrl-C in the middle of a file: nothing of it is kept
# slow FIFO FILE: a dump that comes in pieces for half a minute, so that it is surely in flight.
slow() {
	python3 -c '
import sys, time
data = open(sys.argv[2], "rb").read()
with open(sys.argv[1], "wb", buffering=0) as f:
    try:
        f.write(data[:400000])
        for i in range(600):
            f.write(data[400000 + 200 * i:400200 + 200 * i]); time.sleep(0.05)
    except BrokenPipeError: pass' "$1" "$2"
}
fifo="$work/heap-77-$((t0 + 50))-1.dump"
mkfifo "$fifo"
counter() { "$hdactl" --json status | jq ".rows[] | select(.name == \"$1\") | .value"; }
begun() { [ "$(counter dumps_begun)" -gt "$before" ]; }
before=$(counter dumps_begun)
ndumps() { "$hdactl" --json dumps --all | jq '.rows | length'; }
slow "$fifo" "$first" & slow=$!
# Through a shell of its own: a background job of this shell would ignore SIGINT.
python3 -c 'import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])' \
	"$hdactl" import "$fifo" >"$work/out" 2>"$work/err" & import=$!
ok 'an import is under way' wait_for 20 begun
kill -INT "$import"
ok 'Ctrl-C ends it' wait_for 20 dead "$import"
status=0; wait "$import" || status=$?
is 'Ctrl-C: ends by the signal' $status 130
like 'Ctrl-C: says what was sent' "$(cat "$work/out")" '^0 stored, 0 already there, 0 refused; stopped'
wait "$slow"
ok 'Ctrl-C: the daemon drops the dump' wait_for 5 log_has 'event=dump_dropped.*pid=77.*discarded'
is 'Ctrl-C: whole dumps only' "$(ndumps)" 6

# --- backup
code "$hdactl" backup "$work/backup"
is 'backup: exit 0' $status 0
like 'backup: says where' "$(cat "$work/out")" "backup written to $work/backup"
code "$hdactl" backup "$work/backup"
ok 'backup into what is there: refused' test $status -ne 0
is 'backup refused: one line' "$(err_lines)" 1

# --- a file that was cut off is kept as what it is, whoever reads it: import itself, or with several at a time the kernel
mkdir "$work/cut" "$work/nothing"
for pid in 81 82 83; do
	head -c 100000 "$(ls "$work"/d/heap-42-*-600.dump* | head -n 1)" >"$work/cut/heap-$pid-$((t0 + 3500))-1.dump"
	printf '{"address":"0x' >>"$work/cut/heap-$pid-$((t0 + 3500))-1.dump" # byte 100 000 may be the end of a line
done
code "$hdactl" import "$work/cut/heap-81-$((t0 + 3500))-1.dump"
is 'import of a cut file: it is stored' "$(cat "$work/out")" '1 stored, 0 already there, 0 refused'
like 'import of a cut file: it is said' "$(cat "$work/err")" 'heap-81-.*ends in the middle of a line.*partial'
code "$hdactl" import -j 2 "$work/cut"
is 'the others at a time' "$(cat "$work/out")" '2 stored, 1 already there, 0 refused'
is 'all are partial' "$("$hdactl" --json dumps --all | jq -c '[.rows[] | select(.pid > 80 and .pid < 90) | .partial]')" '[true,true,true]'
# --- names that say a second and no more: others of that second are other dumps, the same one again is not
mkdir "$work/second"
for n in 1 2; do
	printf '{"address":"0x7f%d0", "type":"OBJECT", "memsize":40}\n' $n | sed "$((3 - n))p" >"$work/second/app$n-1600000000.dump"
done
gzip -k "$work/second/app1-1600000000.dump"
code "$hdactl" import "$work/second"
is 'two of one second and one compressed: import' "$(cat "$work/out")" '2 stored, 1 already there, 0 refused'
code "$hdactl" import "$work/second"
is 'again: all are there' "$(cat "$work/out")" '0 stored, 3 already there, 0 refused'
is 'with -f, too' "$("$hdactl" -f "$work/second" --json dumps 2>/dev/null | jq -c '[.rows[].objects] | sort')" '[1,2]'
code "$hdactl" import "$work/nothing"
is 'import of an empty folder: exit 5' $status 5
like 'import of an empty folder: it is named' "$(cat "$work/err")" 'nothing: an empty folder'

# --- a daemon that goes away in the middle
before=$(counter dumps_begun)
slow "$fifo" "$first" & slow=$!
"$hdactl" import "$fifo" "$work/plain-$((t0 + 3000)).dump" >"$work/out" 2>"$work/err" & import=$!
ok 'another import is under way' wait_for 20 begun
kill -9 "$hdad_pid"
hdad_wait 10
ok 'the import ends' wait_for 10 dead "$import"
status=0; wait "$import" || status=$?
is 'a daemon killed in the middle: exit 3' $status 3
is 'a daemon killed in the middle: one line' "$(err_lines)" 1
like 'a daemon killed in the middle: what happened' "$(cat "$work/err")" 'heap-77-.*closed the connection in the middle'
wait "$slow"
code "$hdactl" ps
is 'a dead daemon: exit 3' $status 3
is 'a dead daemon: one line' "$(err_lines)" 1

# --- hdad on the backup says the same
[ -z "${HDA_TEST_PART:-}" ] || diag "part $HDA_TEST_PART of the reports of the backup"
rm -rf "$work/state"
mkdir -m 700 "$work/state"
mv "$work/backup" "$work/state/store"
hdad_start || exit 1
compare backup
hdad_stop
code "$hdactl" status
is 'stopped: exit 3' $status 3
done_testing
