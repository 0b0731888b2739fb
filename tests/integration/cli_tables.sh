#!/bin/sh
# What people see: tables in every width and locale, exact numbers, the progress bar on a terminal; and --json where there is nothing
# or where values are huge. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
command -v jq >/dev/null || skip_all "no jq"
export HDA_RUNTIME_DIR="$work/run"
mkdir "$work/d"
t0=$(($(date +%s) - 4000))
# Two traced dumps with long names, an accented class and path, and figures up to the end of 64 bits.
python3 - "$work/d" "$t0" <<'PY'
import sys
for k in range(2):
    with open("%s/heap-42-%d-%d.dump" % (sys.argv[1], int(sys.argv[2]) + 1000 * k, 1000 * (k + 1)), "w") as f:
        f.write('{"type":"ROOT", "root":"global_tbl", "references":["0x7f0000000000", "0x7f00000a0000"]}\n')
        f.write('{"address":"0x7f0000000000", "type":"CLASS", "class":"0x7f0000000008", "name":"Shop::Très::LongNamespace::PriceCacheEntryOfTheShop", "memsize":500, "references":["0x7f00000a0000"]}\n')
        refs = []
        for i in range(300 * (k + 1)):
            a = 0x7f0000001000 + 40 * i
            refs.append('"0x%x"' % a)
            f.write('{"address":"0x%x", "type":"OBJECT", "class":"0x7f0000000000", "file":"/srv/www/apps/café/releases/20261126/app/models/concerns/price_cache_%d.rb", "line":%d, "generation":%d, "memsize":%d}\n'
                % (a, i % 3, i % 7 + 1, 3 + k if i >= 300 else 3, 9007199254740993 if i == 0 else 40))
        f.write('{"address":"0x7f00000a0000", "type":"ARRAY", "class":"0x7f0000000000", "length":%d, "memsize":4000, "file":"a.rb", "line":7, "generation":2, "references":[%s]}\n' % (len(refs), ", ".join(refs)))
        for i in range(4): f.write('{"address":"0x7f00000b00%02x", "type":"STRING", "bytesize":26, "value":"abcdefghijklmnopqrstuvwxyz", "file":"s.rb", "line":1, "generation":3, "memsize":66}\n' % (40 * i))
PY
report() { "$hdactl" -f "$work/d" "$@" 2>"$work/err"; }
# wider COLUMNS FILE...: files with a table line that is wider, or with no table. A table is a paragraph with a line of headings;
# others are sentences, which a terminal may wrap.
wider() {
	python3 -c '
import re, sys, unicodedata
def width(l): return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in l)
for name in sys.argv[2:]:
    n = 0
    for part in open(name, encoding="utf8").read().split("\n\n"):
        lines = part.splitlines()
        if any(re.fullmatch(r"[ A-Z0-9/.kM]*[A-Z]{3}[ A-Z0-9/.kM]*", l) for l in lines[:2]):
            n = max([n] + [width(l) for l in lines if not l.startswith("for want of width")])
    if not 0 < n <= int(sys.argv[1]): print(name.split("/")[-1], n)' "$@"
}
reports='ps
dumps
top
top --by key
top --by class
top --by object
generations
generation 3
strings
refs
diff first last
trend
trend --by site
holders
containers
path --class Shop::Très::LongNamespace::PriceCacheEntryOfTheShop'
for width in 40 80; do
	mkdir "$work/$width"
	while read -r c; do
		COLUMNS=$width report $c >"$work/$width/$c"
	done <<-END
		$reports
	END
	is "tables fit $width columns" "$(wider "$width" "$work/$width"/*)" ''
done
like 'ps: a narrow terminal keeps the verdict' "$(cat "$work/40/ps")" 'VERDICT'
for width in 40 80; do
	is "no blanks at line ends, $width columns" "$(grep -h ' $' "$work/$width"/*)" ''
done
like 'trend: the first column names the rest, too' "$(COLUMNS=200 report trend --by class -n 1)" '^everything else '
like 'trend: no column is empty' "$(COLUMNS=200 report trend | head -n 1)" '^TYPE '
like 'narrow: holders say who' "$(COLUMNS=40 report holders | head -n 1)" 'HELD BY'

COLUMNS=40 report top --by key >"$work/out"
like 'what a narrow terminal leaves out is said' "$(cat "$work/out")" '^for want of width without .*; --json has all$'
COLUMNS=200 report top --by key >"$work/out"
is 'a table fits 200 columns' "$(wider 200 "$work/out")" ''
unlike 'in a wide one nothing is left out' "$(cat "$work/out")" 'for want of width'
COLUMNS=80 report top --by site >"$work/out"
like 'paths are cut from the left: their end is what tells them apart' "$(cat "$work/out")" '….*price_cache_[0-9]\.rb:[0-9]'
unlike 'their beginning goes' "$(cat "$work/out")" '/srv/www'
like 'numbers are aligned at their right' "$(COLUMNS=80 report generations)" '^ *[0-9]+ +[0-9 ]+ '
(unset COLUMNS; report --exact top --by site -n 0) >"$work/out"
like 'no terminal: nothing is cut' "$(cat "$work/out")" '/srv/www/apps/café/releases/20261126/app/models/concerns/price_cache_0\.rb:1'
unlike 'no terminal: no colour' "$(cat "$work/out")" "$(printf '\033')"
like '--exact: plain bytes, all digits' "$(cat "$work/out")" '9007199254742[0-9][0-9][0-9]'
unlike '--exact: no units' "$(cat "$work/out")" '[0-9]\.[0-9][KMGTP]\b'
like 'without: units' "$(report top --by site)" '8\.0P'
plain=
while read -r c; do
	LC_ALL=C COLUMNS=80 report $c | LC_ALL=C grep -q '[^ -~]' && plain="$plain / $c"
done <<-END
	$reports
	show
	leaks
END
is 'LC_ALL=C: nothing but ASCII' "$plain" ''
like 'LC_ALL=C: what is not ASCII is escaped' "$(LC_ALL=C report top --by class)" 'Tr\\x'

# --- JSON: huge values stay what they are
is 'JSON: all digits of 2^53 + 1' "$(report --json top --by object -n 1 | grep '"address"' | grep -o '"bytes":[0-9]*')" '"bytes":9007199254740993'

# --- a terminal: width from it, and the progress bar
if command -v script >/dev/null; then
	# on_tty COLUMNS COMMAND...: what a terminal of that width gets.
	on_tty() { cols=$1; shift; (unset COLUMNS; script -qec "stty cols $cols; $*" /dev/null </dev/null | tr -d '\r'); }
	on_tty 50 "'$hdactl' -f '$work/d' top --by key 2>/dev/null" >"$work/out"
	is 'a table fits the terminal' "$(wider 50 "$work/out")" ''
else
	skip 'a table fits the terminal' 'no script(1)'
fi

# --- nothing there
hdad_start || exit 1
while read -r c; do
	status=0
	"$hdactl" --json $c >"$work/out" 2>"$work/err" || status=$?
	is "an empty store: $c: one document without rows" "$status $(jq -c '[.hda, (.rows | length), .dump]' "$work/out")" '1 [1,0,null]'
	like "an empty store: $c: and why" "$(cat "$work/err")" '^hdactl: '
done <<-END
	$reports
	show
	leaks
	leaks --pid 7
	leaks --ack abc
	dump --pid 7
	dump --pid 7 --wait
END
"$hdactl" --json status >"$work/out"
is 'an empty store: status: figures' "$(jq '[.rows[] | select(.name == "dumps") | .value]' "$work/out" | tr -d ' \n')" '[0]'

# --- import on a terminal
# slow FILE: a dump that comes for three seconds, so that the bar shows.
slow() {
	python3 -c '
import sys, time
line = b"{\"address\":\"0x7f%010x\", \"type\":\"OBJECT\", \"memsize\":40}\n"
with open(sys.argv[1], "wb", buffering=0) as f:
    for i in range(150): f.write(b"".join(line % (40 * (200 * i + k)) for k in range(200))); time.sleep(0.02)' "$1"
}
if command -v script >/dev/null; then
	fifo="$work/heap-78-$t0-1-with-a-name-that-is-longer-than-what-is-left-of-the-line.dump"
	mkfifo "$fifo"
	slow "$fifo" & slow=$!
	(unset COLUMNS; script -qec "stty cols 44; '$hdactl' import '$fifo'" /dev/null </dev/null) >"$work/tty"
	wait "$slow"
	tr '\r' '\n' <"$work/tty" >"$work/lines"
	like 'a pipe: bytes and rate' "$(cat "$work/lines")" '^[0-9.]+[KM]  [0-9.]+[KM]?/s  '
	is 'the bar stays in its line' "$(sed "s/$(printf '\033')\[K//" "$work/lines" | awk 'length > 43 && /\/s/' | wc -l)" 0
	like 'and goes away at the end' "$(cat "$work/lines")" '^(.\[K)?1 stored, 0 already there, 0 refused'
	# A file: its size is known, so there is a share and a time left. What is shown is shown after a second, however fast the file is
	# read: a pipe before it takes that long.
	python3 -c '
line = "{\"address\":\"0x7f%010x\", \"type\":\"OBJECT\", \"class\":\"0x7f0000000000\", \"file\":\"f%d.rb\", \"line\":%d, \"generation\":3, \"memsize\":40}\n"
import sys
with open(sys.argv[1], "w") as f:
    for i in range(200000): f.write(line % (40 * i, i % 90, i % 400))' "$work/heap-79-$((t0 + 60))-2.dump"
	fifo="$work/heap-79-$t0-1.dump"
	mkfifo "$fifo"
	python3 -c '
import sys, time
with open(sys.argv[1], "wb", buffering=0) as f:
    f.write(b"{\"address\":\"0x7f00000008\", \"type\":\"OBJECT\", \"memsize\":40}\n"); time.sleep(1.2)' "$fifo" & slow=$!
	(unset COLUMNS; script -qec "stty cols 100; '$hdactl' import '$fifo' '$work/heap-79-$((t0 + 60))-2.dump'" /dev/null </dev/null) | tr '\r' '\n' >"$work/lines"
	wait "$slow"
	rm "$work/heap-79-$((t0 + 60))-2.dump"
	like 'a file: bar, share, rate, time left' "$(cat "$work/lines")" '^\[[#.]{24}\] +[0-9]+%  [0-9.]+[KMG]?/s  [0-9.dmsh]+ left  '
	like 'both are stored' "$(cat "$work/lines")" '^(.\[K)?2 stored, 0 already there, 0 refused'
	like 'no bar without a terminal' "$("$hdactl" import "$work/d" 2>&1)" '^2 stored, 0 already there, 0 refused$'
fi
# The same dump twice, once compressed, is one dump.
mkdir "$work/twice"
sed 's/7f/6f/g' "$work/d/heap-42-$t0-1000.dump" >"$work/twice/heap-80-$t0-5.dump"
gzip -kc "$work/twice/heap-80-$t0-5.dump" >"$work/twice/heap-80-$t0-5.dump.gz"
is 'a dump and the same compressed' "$("$hdactl" import -j 2 "$work/twice")" '1 stored, 1 already there, 0 refused'
is 'is one dump' "$("$hdactl" --json dumps --pid 80 --all | jq '.rows | length')" 1
is 'the store has all digits too' "$("$hdactl" --json top 80 --by object -n 1 2>/dev/null | grep '"address"' | grep -o '"bytes":[0-9]*')" '"bytes":9007199254740993'
hdad_stop
is 'hdad ends well' "$hdad_status" 0
done_testing
