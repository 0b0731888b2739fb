/* hda: the protocol between Ruby processes, hdad and hdactl. SPDX-License-Identifier: BSD-2-Clause
 *
 * The contract with other programs (hda-protocol.7 says the same in prose). Nothing internal stands here.
 *
 * Three Unix stream sockets in the runtime directory; the file's mode is the authority:
 *   ingest.sock 0660 (group hda-ingest)   query.sock 0660 (group hda)   control.sock 0600
 *
 * FRAME    12-byte little-endian header: u32 length | u8 type | u8 flags | u16 stream | u32 seq, then `length`
 *          bytes of body. flags and stream are 0 in protocol 1 and must be sent as 0. seq counts the frames of a
 *          sender from 0; an answer (WELCOME, GO, LATER, ACK, ROW, DONE, ERROR) carries the seq of the frame answered.
 *          The limit of a type is checked before anything is allocated.
 * BODY     one msgpack map with short string keys. Unknown keys are ignored; a missing required key, a duplicate
 *          key, bytes behind the map, depth > 8, or more than the limit are an ERROR and the end of the session.
 *
 * INGEST   > HELLO {m, min, max, role:"ingest", pid, start, boot, pidns, host, app, prole, rev, client}
 *          < WELCOME {v, server, limits{...}, ack_ms, keep}
 *          > WANT {reason?}                 < GO {lease_ms}  or  LATER {retry_ms, why}
 *          > BEGIN {header, see below}      raw dump bytes, unframed, as ObjectSpace.dump_all writes them,
 *            the 8-byte end mark 00 "HDAEND" 0A, then
 *          > END {ok, lines?, discard?}     < ACK {dump, objects, bytes, bad, partial}   after the commit
 *          One dump a connection. EOF, or END with ok: false: the dump is recorded as partial; with ok: false and
 *          discard: true nothing is recorded, and ACK's dump is 0 (a sender that was interrupted can send it whole later).
 *          A daemon that does not know discard records a partial dump.
 * CONTROL CONNECTION OF A GEM (same socket, role:"control"): HELLO, WELCOME, then silence; the daemon may send
 *          < DUMP_NOW {token, traced_s?}    > DUMP_ANSWER {token, ok, why?}                     I will, or why not; and when it is over
 *                                           > DUMP_ANSWER {token, ok, why?, done:true, dump?, pause_us?, took_ms?, traced_ms?,
 *                                             allocated?, rss_grew?, gc_runs?, rate_before?, rate_traced?}
 *          > GEM_STATE {state, why?, until_s?}   when that changes; no answer
 * QUERY    > HELLO {m, min, max, role:"query"} < WELCOME   > REQUEST {cmd, args{name: value}}
 *          < ROW {rows: [[...], ...], cols?: [name, ...], dump?: {...}}*   < DONE {status, text, notes?: [text]}
 *          cols stands in the first ROW and whenever the columns change; each row is an array in that order.
 * ERROR    {code, text, min?, max?} either way; the sender closes after it.
 *
 * HELLO and ERROR are frozen for ever: every version can say whom it cannot talk to. */
#pragma once

#define HDA_PROTOCOL_MIN 1
#define HDA_PROTOCOL_MAX 1
#define HDA_MAGIC "hda1" /* value of HELLO's "m" */

#define HDA_FRAME_HEADER 12

/* X(name, number, limit of the body in bytes, text) */
#define HDA_FRAME_TABLE(X)                                                                         \
	X(HELLO, 1, 4096, "who I am and which protocol versions I speak")                          \
	X(WELCOME, 2, 4096, "the version chosen and the limits")                                   \
	X(ERROR, 3, 4096, "what was wrong; the sender closes")                                     \
	X(WANT, 16, 1024, "I would like to dump")                                                  \
	X(GO, 17, 1024, "do it now; the lease is yours")                                           \
	X(LATER, 18, 1024, "not now; ask again after retry_ms")                                    \
	X(BEGIN, 19, 65536, "header of a dump; the raw bytes follow")                              \
	X(END, 20, 1024, "the dump is over")                                                       \
	X(ACK, 21, 1024, "the dump is committed")                                                  \
	X(DUMP_NOW, 22, 1024, "daemon to gem: please dump")                                        \
	X(DUMP_ANSWER, 23, 1024, "gem to daemon: I will, or why not")                              \
	X(GEM_STATE, 24, 1024, "gem to daemon: what I am doing, and why")                          \
	X(REQUEST, 32, 65536, "a command with arguments")                                          \
	X(ROW, 33, 1048576, "rows of the answer")                                                  \
	X(DONE, 34, 65536, "end of the answer: status and text")

enum hda_frame_type {
#define X(name, number, limit, text) HDA_FRAME_##name = number,
	HDA_FRAME_TABLE(X)
#undef X
};

/* Ends the raw bytes of a dump: JSON never holds a raw NUL. */
#define HDA_END_MARK "\0HDAEND\n"
#define HDA_END_MARK_LEN 8

/* Status classes of DONE and codes of ERROR: 2xx done, 3xx cannot now, 4xx your request, 5xx ours. */
#define HDA_STATUS_TABLE(X)                                                                        \
	X(OK, 200, "done")                                                                         \
	X(NOTHING, 204, "nothing found where something was asked")                                 \
	X(BUSY, 300, "busy, try again")                                                            \
	X(FULL, 301, "no room in the store")                                                       \
	X(DRAINING, 302, "shutting down")                                                          \
	X(DEADLINE, 303, "deadline passed")                                                        \
	X(MALFORMED, 400, "malformed message")                                                     \
	X(VERSION, 401, "no common protocol version")                                              \
	X(TOO_LARGE, 402, "over a limit")                                                          \
	X(UNEXPECTED, 403, "message not allowed here")                                             \
	X(UNKNOWN, 404, "no such command or thing")                                                \
	X(ARGUMENT, 405, "wrong argument")                                                         \
	X(FORBIDDEN, 406, "not on this socket")                                                    \
	X(REFUSED, 407, "understood, and refused: the text says why")                              \
	X(INTERNAL, 500, "our fault")

enum hda_status {
#define X(name, number, text) HDA_STATUS_##name = number,
	HDA_STATUS_TABLE(X)
#undef X
};

/* Keys of BEGIN (all optional but pid, jobs, time; unknown ones are ignored):
 *   pid ppid start boot pidns host app role rev ruby platform jobs job_mix{class: n} uptime_s time mono
 *   gc{count major_gc_count heap_live_slots heap_free_slots old_objects total_allocated_objects total_freed_objects
 *      malloc_increase_bytes oldmalloc_increase_bytes heap_allocated_pages compact_count}
 *   mem{rss pss swap cgroup_usage cgroup_limit} traced traced_since full threads reason seq marks[[jobs, time, gc_count] x 2]
 * time is seconds since 1970 as a float, memory is bytes, start is field 22 of /proc/self/stat. */
