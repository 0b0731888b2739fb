#!/usr/bin/env python3
"""A peer of hdad for tests: speaks the protocol of include/hda/protocol.h, well or badly. Standard library only.

peer.py RUNTIME_DIR COMMAND ...; each command prints what came back, one line each, and exits 0 when it got an answer.
"""
import json, os, socket, struct, sys, time

TYPES = dict(HELLO=1, WELCOME=2, ERROR=3, WANT=16, GO=17, LATER=18, BEGIN=19, END=20, ACK=21, DUMP_NOW=22,
             DUMP_ANSWER=23, GEM_STATE=24, REQUEST=32, ROW=33, DONE=34)
NAMES = {v: k for k, v in TYPES.items()}
MARK = b"\0HDAEND\n"


def pack(v):
    if v is None: return b"\xc0"
    if v is True: return b"\xc3"
    if v is False: return b"\xc2"
    if isinstance(v, int):
        if 0 <= v < 128: return bytes([v])
        return b"\xcf" + struct.pack(">Q", v) if v >= 0 else b"\xd3" + struct.pack(">q", v)
    if isinstance(v, float): return b"\xcb" + struct.pack(">d", v)
    if isinstance(v, str):
        b = v.encode()
        return (b"\xd9" + bytes([len(b)]) if len(b) < 256 else b"\xda" + struct.pack(">H", len(b))) + b
    if isinstance(v, list): return b"\xdc" + struct.pack(">H", len(v)) + b"".join(map(pack, v))
    if isinstance(v, dict): return b"\xde" + struct.pack(">H", len(v)) + b"".join(pack(k) + pack(x) for k, x in v.items())
    raise TypeError(v)


def unpack(b, i=0):
    t = b[i]; i += 1
    if t < 0x80: return t, i
    if t >= 0xe0: return t - 256, i
    if 0x80 <= t < 0x90: return unmap(b, i, t & 15)
    if 0x90 <= t < 0xa0: return unarr(b, i, t & 15)
    if 0xa0 <= t < 0xc0: return b[i:i + (t & 31)].decode("utf8", "replace"), i + (t & 31)
    if t == 0xc0: return None, i
    if t in (0xc2, 0xc3): return t == 0xc3, i
    if t in (0xd9, 0xda, 0xdb, 0xc4, 0xc5, 0xc6):
        w = {0xd9: 1, 0xda: 2, 0xdb: 4, 0xc4: 1, 0xc5: 2, 0xc6: 4}[t]
        n = int.from_bytes(b[i:i + w], "big"); i += w
        return b[i:i + n].decode("utf8", "replace"), i + n
    if t in (0xcc, 0xcd, 0xce, 0xcf):
        w = 1 << (t - 0xcc); return int.from_bytes(b[i:i + w], "big"), i + w
    if t in (0xd0, 0xd1, 0xd2, 0xd3):
        w = 1 << (t - 0xd0); return int.from_bytes(b[i:i + w], "big", signed=True), i + w
    if t == 0xca: return struct.unpack(">f", b[i:i + 4])[0], i + 4
    if t == 0xcb: return struct.unpack(">d", b[i:i + 8])[0], i + 8
    if t in (0xdc, 0xdd):
        w = 2 if t == 0xdc else 4
        return unarr(b, i + w, int.from_bytes(b[i:i + w], "big"))
    if t in (0xde, 0xdf):
        w = 2 if t == 0xde else 4
        return unmap(b, i + w, int.from_bytes(b[i:i + w], "big"))
    raise ValueError(hex(t))


def unarr(b, i, n):
    out = []
    for _ in range(n):
        v, i = unpack(b, i); out.append(v)
    return out, i


def unmap(b, i, n):
    out = {}
    for _ in range(n):
        k, i = unpack(b, i); out[k], i = unpack(b, i)
    return out, i


def frame(kind, body, seq=0, length=None):
    return struct.pack("<IBBHI", len(body) if length is None else length, TYPES.get(kind, kind), 0, 0, seq) + body


class Peer:
    def __init__(self, run, name="ingest", timeout=15):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(timeout)
        self.s.connect(f"{run}/{name}.sock")
        self.seq = 0

    def send(self, kind, **body):
        self.s.sendall(frame(kind, pack(body), self.seq)); self.seq += 1

    def exact(self, n):
        b = b""
        while len(b) < n:
            more = self.s.recv(n - len(b))
            if not more: raise EOFError
            b += more
        return b

    def recv(self):
        """(type, body) or ('EOF', {})."""
        try:
            n, t, _, _, seq = struct.unpack("<IBBHI", self.exact(12))
            return NAMES[t], unpack(self.exact(n))[0] if n else {}
        except (EOFError, ConnectionResetError):
            return "EOF", {}

    def hello(self, role="ingest", **who):
        self.send("HELLO", **{**dict(m="hda1", min=1, max=1, role=role, pid=os.getpid(), app="peer"), **who})
        return self.recv()

    def dump(self, data, jobs=1, seq=1, pid=4121, pieces=65536, end=True, ok=True, **head):
        """One dump from HELLO to ACK."""
        t, b = self.hello(pid=pid)
        if t != "WELCOME": return t, b
        self.send("WANT"); t, b = self.recv()
        if t != "GO": return t, b
        self.begin(jobs, seq, pid, **head)
        for i in range(0, len(data), pieces): self.s.sendall(data[i:i + pieces])
        if end:
            self.s.sendall(MARK); self.send("END", ok=ok)
        self.s.shutdown(socket.SHUT_WR)
        return self.recv()

    def begin(self, jobs=1, seq=1, pid=4121, **head):
        self.send("BEGIN", **{**dict(pid=pid, start=77, boot="b-1", jobs=jobs, seq=seq, time=time.time(), app="peer", ruby="3.1.7"), **head})

    def ask(self, cmd, **args):
        """(rows as dicts, DONE body)."""
        self.send("REQUEST", cmd=cmd, args=args)
        rows, cols = [], []
        while True:
            t, b = self.recv()
            if t == "ROW":
                cols = b.get("cols", cols)
                rows += [dict(zip(cols, r)) for r in b.get("rows", [])]
            elif t == "DONE": return rows, b
            else: return rows, dict(status=-1, text=t, **b)


def small_dump(n=1000, tag="v"):
    """A dump in Ruby's form: a root, a class, n strings."""
    out = [b'{"type":"ROOT", "root":"vm", "references":["0x7f0000000000"]}\n',
           b'{"address":"0x7f0000000000", "type":"CLASS", "class":"0x7f0000000008", "name":"String", "memsize":500}\n']
    for i in range(n):
        a = 0x7f0000001000 + 40 * i
        out.append(b'{"address":"0x%x", "type":"STRING", "class":"0x7f0000000000", "bytesize":%d, "value":"%s%d", '
                   b'"file":"app/a.rb", "line":%d, "generation":3, "memsize":40}\n' % (a, len(tag) + len(str(i)), tag.encode(), i, i % 7 + 1))
    return b"".join(out)


def show(t, b): print(t, json.dumps(b, sort_keys=True)); return 0 if t != "EOF" else 1


def query(run, cmd, sock="query", **args):
    p = Peer(run, sock)
    t, b = p.hello("query")
    if t != "WELCOME": return [], dict(status=-1, text=t)
    return p.ask(cmd, **args)


def counter(run, name):
    rows, _ = query(run, "status")
    return next(r["value"] for r in rows if r["name"] == name)


def main(run, cmd, *a):
    if cmd == "hello":
        p = Peer(run, a[0]); return show(*p.hello("query" if a[0] != "ingest" else "ingest"))
    if cmd == "dump":  # dump FILE|- jobs seq [pid]
        data = small_dump() if a[0] == "-" else open(a[0], "rb").read()
        return show(*Peer(run, timeout=60).dump(data, int(a[1]), int(a[2]), *map(int, a[3:4])))
    if cmd == "ask":   # ask SOCKET CMD [name=value ...]
        args = {k: (int(v) if v.isdigit() else v) for k, v in (x.split("=", 1) for x in a[2:])}
        rows, done = query(run, a[1], a[0], **args)
        for r in rows: print("ROW", json.dumps(r, sort_keys=True))
        print("DONE", json.dumps(done, sort_keys=True))
        return 0
    if cmd == "counter":
        print(counter(run, a[0])); return 0
    raise SystemExit(f"no command {cmd}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
