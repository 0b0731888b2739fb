#!/bin/sh
# graph_memory: the next dump waits for its share, or is read without graph and says so. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
# two KEEP: two dumps, each of which wants all of graph_memory; the first holds it, and with KEEP until the second has its answer.
two() { python3 - "$work" "$top_srcdir" "$@" <<'PY'
import sys, time
work, src, keep = sys.argv[1], sys.argv[2], sys.argv[3] == "keep"
sys.path.insert(0, src + "/tests/integration")
import peer
data = peer.small_dump(2000)
def begin(pid):
    p = peer.Peer(work + "/run", timeout=20)
    assert p.hello(pid=pid)[0] == "WELCOME"
    p.send("WANT"); assert p.recv()[0] == "GO"
    p.begin(1, 1, pid)
    return p
def until(name, least):
    end = time.time() + 60
    while peer.counter(work + "/run", name) < least and time.time() < end: time.sleep(0.02)
    return peer.counter(work + "/run", name)
def finish(p):
    p.s.sendall(data + peer.MARK); p.send("END", ok=True)
    return p.recv()[0]
before = peer.counter(work + "/run", "dump_bytes")
a = begin(1); a.s.sendall(data[:100])
assert until("dump_bytes", before + 100) == before + 100 and until("graph_memory_leased", 16 << 20) == 16 << 20
b = begin(2); b.s.sendall(data[:200])
if keep:
    b.s.sendall(data[200:] + peer.MARK); b.send("END", ok=True)
    print("second:", b.recv()[0])
time.sleep(0.3) # time in which it would be read, were it not waiting
print("read meanwhile:", peer.counter(work + "/run", "dump_bytes") - before - 100 > 0)
a.s.sendall(data[100:] + peer.MARK); a.send("END", ok=True)
print("first:", a.recv()[0])
if not keep:
    b.s.sendall(data[200:] + peer.MARK); b.send("END", ok=True)
    print("second:", b.recv()[0])
PY
}
printf '[graph]\ngraph_memory = 16M\ngraph_wait = 20s\n' >"$work/conf"
ok 'starts' hdad_start -c "$work/conf"
is 'the second waits, unread, until the first is over' "$(two wait)" 'read meanwhile: False
first: ACK
second: ACK'
is 'none was read without graph' "$(peer counter dumps_no_graph)" 0
is 'all shares came back' "$(peer counter graph_memory_leased)" 0
hdad_stop
sed -i 's/20s/1s/' "$work/conf"
rm -rf "$work/state"; mkdir -m 700 "$work/state"
ok 'starts again, to wait 1 second' hdad_start -c "$work/conf"
is 'in time the second is read without graph' "$(two keep)" 'second: ACK
read meanwhile: True
first: ACK'
is 'one was' "$(peer counter dumps_no_graph)" 1
ok 'the log says why' log_has 'event=dump_no_graph .*other dumps hold graph_memory'
hdad_stop
done_testing
