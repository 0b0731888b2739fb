# A full disk: hdad refuses to start with the reason, refuses dumps, keeps what it has, and goes on when there is room.
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all 'needs root to mount a small disk'
mkdir "$work/disk"
[ -z "${HDA_TEST_PART:-}" ] || diag "part $HDA_TEST_PART of how much room is left"
mount -t tmpfs -o size=6m tmpfs "$work/disk" 2>/dev/null || skip_all 'cannot mount a tmpfs here'
trap 'umount -l "$work/disk"; hda_cleanup' EXIT
rm -rf "$work/state"; ln -s "$work/disk/state" "$work/state"
# fill_but PAGES: so many pages of 4096 bytes stay free.
fill_but() {
	rm -f "$work/disk/fill"
	dd if=/dev/zero of="$work/disk/fill" bs=4k 2>/dev/null
	truncate -s "-$(($1 * 4))k" "$work/disk/fill"
}
empty() { rm -f "$work/disk/fill"; }

# --- the first start, with a few pages free: it runs, or says why not; a mapping without a page behind it would be SIGBUS
starts_well() { # PAGES
	rm -rf "$work/disk/state"; mkdir "$work/disk/state"
	fill_but "$1"
	"$hdad" --state-dir "$work/state" --runtime-dir "$work/run" >"$work/out" 2>&1 &
	hdad_pid=$!
	wait_for 20 sh -c 'grep -Eq "event=(ready|start_failed)" "$1" || ! kill -0 "$2"' sh "$work/out" "$hdad_pid"
	grep -q 'event=start_failed' "$work/out" || kill "$hdad_pid" 2>/dev/null # one that gives up ends by itself, and says so by its status
	hdad_wait 20
	cat "$work/out" >>"$work/log"
	[ "$hdad_status" -eq 0 ] || { [ "$hdad_status" -eq 1 ] && grep -q 'start_failed.*make room' "$work/out"; } ||
		{ diag "status $hdad_status: $(cat "$work/out")"; return 1; }
}
n=0
for pages in 0 1 2 4 6 7 8 9 10 11 12; do
	n=$((n + 1))
	in_part "$n" && ok "a disk with $pages pages: starts, or says why not" starts_well "$pages"
done
ok 'a disk with 16 pages: starts, or says why not' starts_well 16
is 'with 16 pages it starts' "$hdad_status" 0

# --- dumps
empty
rm -rf "$work/disk/state"; mkdir "$work/disk/state"
ok 'starts on a small disk' hdad_start
like 'a dump fits' "$(peer dump - 1 1)" '^ACK '
# Whatever the room, a dump is stored or refused for want of it: LMDB calls a write that is cut short an I/O error.
n=0
for pages in 1 2 3 5 7 9 11 13; do
	n=$((n + 1))
	in_part "$n" || continue
	fill_but "$pages"
	like "a dump on a disk with $pages pages: taken, or refused with 3xx" "$(peer dump - "1$pages" "1$pages")" '^(ACK |ERROR .*"code": 301)'
done
fill_but 0
python3 - "$work/run" "$top_srcdir" >"$work/full" <<'PY'
import sys
sys.path.insert(0, sys.argv[2] + "/tests/integration")
import peer
rows = b"".join(b'{"address":"0x%x", "type":"OBJECT", "class":"0x7f0000000000", "file":"f%d.rb", "line":%d, "generation":%d, "memsize":40}\n' % (0x7f2000000000 + 40 * i, i * 7919, i % 60000 + 1, i % 200) for i in range(20000))
for i in range(2, 60):
    t, b = peer.Peer(sys.argv[1]).dump(rows.replace(b'"f', b'"g%d' % i), i, 1000 + i)
    print(t, b.get("code", b.get("dump")))
    if t != "ACK": break
PY
like 'on a full disk a dump is refused with 3xx' "$(tail -1 "$work/full")" '^ERROR 301'
ok 'and the log says so' log_has 'event=store_full'
like 'and hdactl status, before anything else' "$("$hdactl" --runtime-dir "$work/run" status | head -n 1)" 'the store is full   since it started: dumps_refused [0-9]+'
like 'earlier dumps are whole' "$(peer ask query show dump=1)" '"status": 20'
like 'a backup is refused' "$(peer ask control backup "dir=$work/disk/backup")" '"status": 301, .*No space left'
is 'and leaves nothing' "$(cd "$work/disk" && echo backup*)" 'backup*'
before=$(peer ask query dumps | grep -c ROW)
hdad_stop
is 'ends well' "$hdad_status" 0
ok 'starts again on the full disk' hdad_start
is 'and answers' "$(peer ask query dumps | grep -c ROW)" "$before"
like 'a dump is refused, or fits into pages that are free in the store' "$(peer dump - 98 98)" '^(ACK |ERROR .*"code": 301)'
# --- the disk fills up while the store is copied
store_pages=$(($(stat -c %s "$work/disk/state/store/data.mdb") / 4096))
for part in 1 10; do
	fill_but $((store_pages * part / 100))
	like "a backup with room for $part % of it is refused" "$(peer ask control backup "dir=$work/disk/backup")" '"status": 301, .*No space left'
	is 'and leaves nothing' "$(cd "$work/disk" && echo backup*)" 'backup*'
done
before=$(peer ask query dumps | grep -c ROW)
hdad_stop
for pages in 4 $((store_pages / 2)); do
	fill_but "$pages"
	status=0; "$hdad" migrate "$work/disk/state/store" "$work/disk/new" >"$work/out" 2>&1 || status=$?
	ok "a migration with $pages pages left fails with the reason" sh -c '[ "$1" -eq 1 ] && grep -q "No space left" "$2"' sh "$status" "$work/out"
	is 'and leaves nothing' "$(cd "$work/disk" && echo new*)" 'new*'
done
ok 'the store is as it was' hdad_start
is 'and every dump is there' "$(peer ask query dumps | grep -c ROW)" "$before"
empty
like 'it recovers by itself when room is back' "$(peer dump - 99 99)" '^ACK '
ok 'and says so' log_has 'event=store_recovered'
hdad_stop
is 'ends well again' "$hdad_status" 0
unlike 'no assertion, no sanitizer' "$(cat "$work/log")" 'bug:|Sanitizer|runtime error'
done_testing
