#!/bin/sh
# hdactl -f: totals of every shared dump, the JSON contract of every report, exit codes, width. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
hdactl=$top_builddir/hdactl
work=$(mktemp -d "${TMPDIR:-/tmp}/hda-cli.XXXXXX")
trap 'rm -rf "$work"' EXIT
export HDA_RUNTIME_DIR="$work/none"
code() { status=0; "$@" >"$work/out" 2>"$work/err" || status=$?; }

code "$hdactl" ps
is "a dead daemon: exit code" $status 3
is "a dead daemon: one line" "$(wc -l <"$work/err")" 1
like "a dead daemon: names the socket" "$(cat "$work/err")" "$work/none/query.sock.*systemctl start hdad"
like "a dead daemon: what files can do" "$(cat "$work/err")" 'Without a daemon: hdactl -f'
code "$hdactl" reload; is "a dead daemon: reload" $status 3
unlike "a dead daemon: files cannot be reloaded" "$(cat "$work/err")" 'hdactl -f'
code "$hdactl" nonsense; is "unknown command" $status 2
unlike "unknown command: no hint that is far off" "$(cat "$work/err")" 'did you mean'
code "$hdactl" laeks; like "a command with two letters swapped" "$(cat "$work/err")" 'did you mean leaks'
code "$hdactl" tpo; like "a short one" "$(cat "$work/err")" 'did you mean top'
# An option that is not heeded would make the answer look like a clean one.
for o in '--label lek' '--min-confidence 101' '--until 2030-01-01' '--note x'; do
	code "$hdactl" leaks $o; is "leaks $o: wrong usage" $status 2
done
code "$hdactl" leaks --label phase?; is "leaks --label takes the labels that leaks says" $status 3
code "$hdactl" --josn top; is "unknown option" $status 2
like "unknown option: hint" "$(cat "$work/err")" 'did you mean --json'
code "$hdactl" top --plot x.svg; is "option of another command" $status 2
code "$hdactl" top -n x; is "no number" $status 2
# What is wrong by itself is told at once: no daemon and no file is needed for that.
for c in 'top --by sites' 'top --sort size' 'trend --by clas' 'trend --metric objects' 'show 4121@x' 'generation two' 'path' 'path 0xzz' \
	'path --site a.rb' 'holders --site a.rb' 'diff two 1'; do
	code "$hdactl" $c; is "$c, no daemon: wrong usage" $status 2
	code "$hdactl" -f "$work/absent" $c; is "$c, no file: wrong usage" $status 2
	unlike "$c: no file was looked for" "$(cat "$work/err")" 'absent'
done
code "$hdactl" -f "$work/absent" top; is "no input" $status 5
echo hello >"$work/notes.txt"
code "$hdactl" -f "$work/notes.txt" top; is "foreign file" $status 5
like "foreign file is named" "$(cat "$work/err")" 'notes.txt'
code "$hdactl" --help; is "--help" $status 0
code "$hdactl" --version; is "--version" $status 0

if [ -n "$RUBY" ] && command -v jq >/dev/null; then
	"$RUBY" -robjspace -e '
		ObjectSpace.trace_object_allocations_start
		$keep = Array.new(500) { |i| "text #{i}" * 3 }
		%w[100 200].each { |n| $keep << Array.new(50) { Object.new }
			File.open("#{ARGV[0]}/heap-42-1700000#{n}-#{n}.dump", "w") { |f| ObjectSpace.dump_all(output: f) } }' "$work"
	"$hdactl" -f "$work/heap-42-1700000200-200.dump" --json show >"$work/show.json"
	is "dump object" "$(jq -c '.dump|keys_unsorted' "$work/show.json")" \
		'["dump","pid","counter","time","ruby","traced","partial","objects","bytes","roots","edges","bad_lines"]'
	is "pid, counter and time come from the name" "$(jq -c '[.dump.pid,.dump.counter,.dump.time]' "$work/show.json")" '[42,200,1700000200]'
	for c in ps dumps show top generations 'generation 1' strings refs holders containers 'path --class String' 'diff first last' trend leaks; do
		status=0
		"$hdactl" -f "$work" --json $c >"$work/r.json" 2>/dev/null || status=$?
		ok "$c: exit code" test $status -le 1
		is "$c: document" "$(jq -c 'keys_unsorted' "$work/r.json")" '["hda","report","dump","rows"]'
		is "$c: no empty text" "$(jq '[.. | strings | select(. == "")] | length' "$work/r.json")" 0
	done
	mkdir "$work/old"
	cp "$work"/heap-42-* "$work/old"
	cp "$top_srcdir/tests/integration/peer.py" "$work/old/heap-42-1700000300-300.dump"
	"$hdactl" -f "$work/old" --json dumps >"$work/r.json" 2>"$work/err"
	is "dumps: each names its file" "$(jq -c '[.rows[].source | split("/")[-1]]' "$work/r.json")" \
		'["heap-42-1700000100-100.dump","heap-42-1700000200-200.dump"]'
	like "what only quotes dumps is none, whatever its name" "$(cat "$work/err")" 'heap-42-1700000300-300.dump: skipped: not a heap dump'
	rm -r "$work/old"
	# A file that was cut off says less than the process had: it is partial, and counts in no report. Byte 100 000 may be the end of a line.
	torn() {
		head -c 100000 "$work/heap-42-1700000200-200.dump" >"$work/torn/heap-42-1700000200-200.dump"
		printf '{"address":"0x' >>"$work/torn/heap-42-1700000200-200.dump"
	}
	mkdir "$work/torn" "$work/void"
	cp "$work"/heap-42-1700000100-100.dump "$work/torn"
	torn
	is "a file that ends within a line is partial" "$("$hdactl" -f "$work/torn" --json dumps --all 2>"$work/err" | jq -c '[.rows[].partial]')" '[false,true]'
	like "and it is said" "$(cat "$work/err")" 'heap-42-1700000200-200.dump: ends in the middle of a line'
	is "the last dump is the whole one" "$("$hdactl" -f "$work/torn" --json show 2>/dev/null | jq .dump.counter)" 100
	head -c -1 "$work/heap-42-1700000200-200.dump" >"$work/torn/heap-42-1700000200-200.dump"
	is "without the last line feed it is whole" "$("$hdactl" -f "$work/torn" --json dumps --all 2>/dev/null | jq -c '[.rows[].partial]')" '[false,false]'
	torn
	code "$hdactl" -f "$work/torn/heap-42-1700000200-200.dump" show; is "where no file is whole, one that was cut is shown" $status 0
	like "where no file is whole: said so" "$(cat "$work/out" "$work/err")" 'is partial'
	rm -r "$work/torn"
	code "$hdactl" -f "$work/void" ps; is "an empty folder" $status 5
	like "an empty folder is named" "$(cat "$work/err")" 'void: skipped: an empty folder'
	rmdir "$work/void"
	is "keys of top" "$("$hdactl" -f "$work" --json top -n 1 2>/dev/null | jq -c '.rows[0]|keys_unsorted|.[:7]')" \
		'["type","class","file","line","generation","count","bytes"]'
	is "rows of top -n 0 add up" "$("$hdactl" -f "$work" --json top --by key -n 0 2>/dev/null | jq '(.rows|map(.count)|add) == .dump.objects')" true
	code "$hdactl" -f "$work" top -n 18446744073709551615; is "a huge -n" $status 0
	for o in 'top --by object' 'top --by object --sort retained' refs; do
		"$hdactl" -f "$work" $o -n 0 >"$work/out" 2>&1
		like "$o -n 0 says that a dump keeps a hundred" "$(cat "$work/out")" '100 .*no more'
	done
	for by in type class site gem; do
		for sort in bytes retained; do
			"$hdactl" -f "$work" --json top --by $by --sort $sort -n 0 2>/dev/null |
				jq -cS '[.rows[] | {(([.gem, .type, .class, .file, .line] | tostring)): .retained}] | add' >"$work/retained.$sort"
		done
		ok "top --by $by: what is retained does not hang on the order" cmp "$work/retained.bytes" "$work/retained.retained"
		is "top --by $by: no group retains more than the heap" "$("$hdactl" -f "$work" --json top --by $by -n 0 2>/dev/null |
			jq '.dump.bytes as $heap | [.rows[] | select(.retained > $heap)] | length')" 0
	done
	COLUMNS=60 "$hdactl" -f "$work" strings 2>/dev/null | sed '/^$/,$d' >"$work/narrow"
	is "a table fits" "$(awk 'length > 60' "$work/narrow" | wc -l)" 0
	code "$hdactl" -f "$work" leaks --pid 77; is "a pid that no file has" $status 1
	like "a pid that no file has: what there is" "$(cat "$work/err")" 'none of the files is of process 77. They are of 1 process: ps'
	mkdir "$work/long"
	cp "$work/heap-42-1700000100-100.dump" "$work/long/heap-44-1700000100-999700.dump"
	cp "$work/heap-42-1700000200-200.dump" "$work/long/heap-44-1700000200-12345678.dump"
	like "trend over a million jobs: from where to where" "$("$hdactl" -f "$work/long" trend)" '^TYPE +CLASS +JOBS 1M\.\.12\.3M |^TYPE +JOBS 1M\.\.12\.3M '
	like "trend --exact: all digits" "$("$hdactl" -f "$work/long" trend --exact)" ' JOBS 999700\.\.12345678 '
	# Another dump than the one asked for would look like an answer.
	mkdir "$work/two"
	cp "$work"/heap-42-17000001* "$work"/heap-42-17000002* "$work/two"
	cp "$work/heap-42-1700000100-100.dump" "$work/two/heap-43-1700000400-400.dump"
	pids() { "$hdactl" -f "$work/two" --json "$@" 2>/dev/null | jq -c '[.dump.pid, .dump.counter]'; }
	is "--pid: the last dump of that process" "$(pids show --pid 42)" '[42,200]'
	is "--pid and last" "$(pids top last --pid 42)" '[42,200]'
	is "--pid beside another word" "$(pids generation 1 --pid 42; pids show first --pid 43)" "$(echo '[42,200]'; echo '[43,400]')"
	is "--pid and what is not of that process" "$(pids show 42@200 --pid 43; pids show --pid 1)" "$(echo '[null,null]'; echo '[null,null]')"
	is "--pid, --time, --counter name a single file" "$("$hdactl" -f "$work/heap-42-1700000100-100.dump" --json show --pid 7 --counter 8 \
		--time 1600000000 | jq -c '[.dump.pid, .dump.counter, .dump.time]')" '[7,8,1600000000]'
	for o in '--counter 100' '--time 1700000100'; do
		code "$hdactl" show --pid 42 $o; is "show $o without a file: wrong usage" $status 2
	done
	code "$hdactl" -f "$work" top --class NoSuchClass; is "nothing found" $status 1
	"$hdactl" -f "$work" holders --folded 2>/dev/null >"$work/folded"
	ok "folded lines" grep -Eq '^Ruby VM(;[^;]+)* [0-9]+$' "$work/folded"
	ok "nothing but folded lines" sh -c '! grep -Ev "^[^;]+(;[^;]+)* [0-9]+$" "$1"' - "$work/folded"
	if command -v gnuplot >/dev/null; then
		"$hdactl" -f "$work" trend --plot-all "$work/g" >/dev/null 2>"$work/err"
		is "six graphs: the files are read once" "$(grep -c skipped "$work/err")" 1
		code "$hdactl" -f "$work" trend --plot "$work/none/x.svg"; is "a picture where nothing can be written" $status 4
		like "a picture where nothing can be written: says so" "$(cat "$work/err")" 'none/x.svg: No such file or directory'
		is "and it is not drawn on the terminal" "$(cat "$work/out")" ''
		is "six graphs" "$(grep -l '</svg>' "$work"/g/*.svg | wc -l)" 6
	fi
	code "$hdactl" -f "$work" trend --plot "$work/x.pdf"; is "no such picture" $status 2
	for o in '--by class' '--metric count' "--plot $work/x.svg"; do
		code "$hdactl" -f "$work" trend --plot-all "$work/no" $o; is "all graphs and ${o%% *}: wrong usage" "$status $(ls -d "$work/no" 2>/dev/null)" '2 '
	done
	code "$hdactl" -f "$work" --json show 999
	is "nothing found, with --json: a document without rows" "$status $(jq -c .rows "$work/out")" '1 []'
	like "and the reason" "$(cat "$work/err")" '^hdactl: 999 is neither a dump'
else
	skip "reports over a dump of a real Ruby" "no ruby or jq"
fi

if [ -d "$HDA_SHARED/dumps" ] && command -v jq >/dev/null; then
	for f in "$HDA_SHARED"/dumps/*.dump.zst; do
		want=$(zstd -dcq "${f%.zst}.expected.json.zst" | jq -c '[.objects,.bytes,.bad_lines]')
		is "$(basename "$f"): totals" "$("$hdactl" -f "$f" --json show 1 2>/dev/null | jq -c '[.dump.objects,.dump.bytes,.dump.bad_lines]')" "$want"
	done
else
	skip "shared dumps" "not there"
fi
done_testing
