/* The blocking client against a small server in a thread. SPDX-License-Identifier: BSD-2-Clause
 *
 * The server knows no protocol: it sends what the test wrote for it, and keeps what it got. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/client.h"
#include "proto/rows.h"

/* Sends `say` in pieces, ends its side if told so, then reads until the client closes. */
struct server {
	int fd, client_fd;
	struct enc say, heard;
	size_t piece;     /* bytes a send; 0: all */
	bool hang_up;     /* ends its side after `say` */
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	size_t step = s->piece ? s->piece : s->say.n;
	for (size_t at = 0; at < s->say.n; at += step) {
		size_t n = s->say.n - at < step ? s->say.n - at : step;
		if (send(s->fd, s->say.p + at, n, MSG_NOSIGNAL) < 0)
			break;
	}
	if (s->hang_up)
		shutdown(s->fd, SHUT_WR);
	uint8_t buf[4096];
	ssize_t n;
	while ((n = read(s->fd, buf, sizeof(buf))) > 0)
		enc_raw(&s->heard, buf, (size_t)n);
	close(s->fd);
	return NULL;
}

static void server_start(struct server *s)
{
	int fd[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	s->fd = fd[0];
	s->client_fd = fd[1];
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

/* After client_close, which ends the thread. */
static void server_end(struct server *s)
{
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	enc_done(&s->say);
	enc_done(&s->heard);
}

static void say_body(struct server *s, uint8_t type, uint32_t seq, struct enc *body)
{
	frame_put(&s->say, type, seq, (struct span){body->p, body->n});
	enc_done(body);
	*body = (struct enc){0};
}
#define SAY(s, type, name, ...)                                                                    \
	do {                                                                                       \
		struct enc body_ = {0};                                                            \
		msg_##name##_encode(&body_, &(struct msg_##name){__VA_ARGS__});                    \
		say_body(s, HDA_FRAME_##type, 0, &body_);                                          \
	} while (0)

static void say_row(struct server *s, bool cols, uint64_t first, uint64_t n)
{
	static const char *const names[] = {"id"};
	struct row_writer w;
	struct enc body = {0};
	row_writer_init(&w, 65536);
	if (cols) {
		struct val id = val_uint(12);
		row_writer_cols(&w, names, 1);
		row_writer_dump(&w, names, &id, 1);
	}
	for (uint64_t i = 0; i < n; i++) {
		struct val v = val_uint(first + i);
		assert_int_equal(row_writer_add(&w, &v, 1), 0);
	}
	row_writer_flush(&w, &body);
	row_writer_done(&w);
	say_body(s, HDA_FRAME_ROW, 1, &body);
}

/* What an answer brought. */
struct seen {
	uint64_t rows, sum, dump;
	unsigned cols, notes;
	int status, stop;
	char text[32];
};

static int on_cols(void *ctx, const struct span *names, size_t n)
{
	assert_int_equal(n, 1);
	assert_true(span_eq(names[0], SPAN_LIT("id")));
	((struct seen *)ctx)->cols++;
	return 0;
}

static int on_row(void *ctx, const struct val *cells, size_t n)
{
	struct seen *s = ctx;
	assert_int_equal(n, 1);
	s->rows++;
	s->sum += cells[0].u;
	return s->stop;
}

static int on_dump(void *ctx, const struct span *names, const struct val *cells, size_t n)
{
	assert_true(n == 1 && span_eq(names[0], SPAN_LIT("id")));
	((struct seen *)ctx)->dump = cells[0].u;
	return 0;
}

static int on_note(void *ctx, struct span text)
{
	assert_true(span_eq(text, SPAN_LIT("a note")));
	((struct seen *)ctx)->notes++;
	return 0;
}

static void on_done(void *ctx, int status, struct span text)
{
	struct seen *s = ctx;
	s->status = status;
	snprintf(s->text, sizeof(s->text), "%.*s", (int)text.n, (const char *)text.p);
}

static int ask(struct client *c, struct seen *seen)
{
	const struct client_sink sink = {seen, on_cols, on_row, on_dump, on_note, on_done};
	struct msg_request req = {.cmd = "dumps", .n = 1, .a = {{"pid", val_uint(7)}}};
	return client_request(c, &req, &sink);
}

static int open_it(struct client *c, struct server *s, enum role role)
{
	server_start(s);
	client_init(c);
	c->timeout_ms = 20 * 1000; /* far more than a busy machine needs */
	return client_open_fd_take(c, s->client_fd, role);
}

/* A whole session, cut by the server at every size of piece. */
static void query(void **state)
{
	(void)state;
	for (size_t piece = 0; piece < 30; piece += 1 + piece / 4) {
		struct server s = {.piece = piece};
		struct client c;
		struct seen seen = {0};
		SAY(&s, WELCOME, welcome, .v = 1, .server = "test");
		say_row(&s, true, 1, 3);
		say_row(&s, false, 4, 7);
		SAY(&s, DONE, done, .status = 204, .text = SPAN_LIT("ten"), .notes = {SPAN_LIT("a note")}, .nnotes = 1);
		assert_int_equal(open_it(&c, &s, ROLE_QUERY), 0);
		assert_string_equal(c.welcome.server, "test");
		assert_int_equal(ask(&c, &seen), 204);
		assert_int_equal(seen.rows, 10);
		assert_int_equal(seen.sum, 55);
		assert_int_equal(seen.cols, 1);
		assert_int_equal(seen.dump, 12);
		assert_int_equal(seen.notes, 1);
		assert_int_equal(seen.status, 204);
		assert_string_equal(seen.text, "ten");
		client_close(&c);
		server_end(&s);
	}
}

/* The frames that the server got, one after the other. */
static struct frame heard(struct frame_decoder *d, uint8_t type, uint32_t seq)
{
	struct frame f;
	assert_int_equal(frame_decoder_next(d, &f), 1);
	assert_int_equal(f.hdr.type, type);
	assert_int_equal(f.hdr.seq, seq);
	return f;
}

static void ingest(void **state)
{
	(void)state;
	struct server s = {0};
	struct client c;
	struct msg_later later;
	struct msg_ack ack;
	SAY(&s, WELCOME, welcome, .v = 1);
	SAY(&s, LATER, later, .retry_ms = 5, .why = "busy");
	SAY(&s, GO, go, .lease_ms = 1000);
	SAY(&s, ACK, ack, .dump = 9, .objects = 2, .bytes = 3, .bad = 1, .partial = true);
	assert_int_equal(open_it(&c, &s, ROLE_INGEST), 0);
	assert_int_equal(client_want(&c, "import", &later), 1);
	assert_int_equal(later.retry_ms, 5);
	assert_string_equal(later.why, "busy");
	assert_int_equal(client_want(&c, NULL, &later), 0);
	struct dump_header h;
	dump_header_init(&h);
	h.who.pid = 4121;
	h.jobs = 3;
	assert_int_equal(client_begin(&c, &h), 0);
	assert_int_equal(client_data(&c, SPAN_LIT("{\"a\":1}\n")), 0);
	FILE *f = tmpfile();
	assert_non_null(f);
	assert_int_equal(fwrite("!\0torn", 1, 6, f), 6);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(lseek(fileno(f), 1, SEEK_SET), 1);
	assert_int_equal(client_file(&c, fileno(f)), 5);
	assert_int_equal(client_file(&c, fileno(f)), 0);
	fclose(f);
	assert_int_equal(client_end(&c, true, 1, &ack), 0);
	assert_int_equal(ack.dump, 9);
	assert_true(ack.partial);
	client_close(&c);
	assert_int_equal(pthread_join(s.thread, NULL), 0);

	struct frame_decoder d;
	struct proto_err err;
	frame_decoder_init(&d);
	frame_decoder_feed(&d, (struct span){s.heard.p, s.heard.n});
	struct msg_hello hello;
	assert_int_equal(msg_hello_decode(&hello, heard(&d, HDA_FRAME_HELLO, 0).body, &err), 0);
	assert_int_equal(hello.role, ROLE_INGEST);
	assert_int_equal(hello.who.pid, getpid());
	struct msg_want want;
	assert_int_equal(msg_want_decode(&want, heard(&d, HDA_FRAME_WANT, 1).body, &err), 0);
	assert_string_equal(want.reason, "import");
	heard(&d, HDA_FRAME_WANT, 2);
	struct dump_header got;
	assert_int_equal(msg_begin_decode(&got, heard(&d, HDA_FRAME_BEGIN, 3).body, &err), 0);
	assert_int_equal(got.who.pid, 4121);
	dump_header_done(&got);
	static const char raw[] = "{\"a\":1}\n" "\0torn" HDA_END_MARK;
	struct span rest = frame_decoder_rest(&d);
	assert_true(rest.n > sizeof(raw) - 1 && memcmp(rest.p, raw, sizeof(raw) - 1) == 0);
	frame_decoder_feed(&d, (struct span){rest.p + sizeof(raw) - 1, rest.n - (sizeof(raw) - 1)});
	struct msg_end end;
	assert_int_equal(msg_end_decode(&end, heard(&d, HDA_FRAME_END, 4).body, &err), 0);
	assert_true(end.ok);
	assert_int_equal(end.lines, 1);
	assert_true(frame_decoder_idle(&d));
	frame_decoder_done(&d);
	enc_done(&s.say);
	enc_done(&s.heard);
}

/* Opens and asks; whichever of both fails gives the error, whose text is looked at. */
static void fails(struct server *s, int wanted, const char *text)
{
	struct client c;
	struct seen seen = {0};
	int r = open_it(&c, s, ROLE_QUERY);
	if (r == 0)
		r = ask(&c, &seen);
	if (r != wanted || !strstr(c.text, text))
		print_message("# wanted %d \"%s\", got %d \"%s\"\n", wanted, text, r, c.text);
	assert_int_equal(r, wanted);
	assert_non_null(strstr(c.text, text));
	client_close(&c);
	server_end(s);
}

static void refusals(void **state)
{
	(void)state;
	struct server s = {.hang_up = true};
	SAY(&s, ERROR, error, .code = HDA_STATUS_VERSION, .text = "no", .min = 7, .max = 9);
	fails(&s, HDA_EVERSION, "speaks 7 to 9");
	s = (struct server){.hang_up = true};
	SAY(&s, ERROR, error, .code = HDA_STATUS_DRAINING, .text = "shutting down");
	fails(&s, HDA_EREFUSED, "(302): shutting down");
	s = (struct server){0};
	SAY(&s, WELCOME, welcome, .v = HDA_PROTOCOL_MAX + 1);
	fails(&s, HDA_EVERSION, "chose 2");
	s = (struct server){.hang_up = true};
	SAY(&s, WELCOME, welcome, .v = 1);
	say_row(&s, true, 1, 3);
	SAY(&s, ERROR, error, .code = HDA_STATUS_DEADLINE, .text = "too slow");
	fails(&s, HDA_EREFUSED, "(303): too slow");
}

static void torn(void **state)
{
	(void)state;
	struct server s = {.hang_up = true};
	fails(&s, HDA_EPARTIAL, "closed the connection");
	s = (struct server){.hang_up = true};
	SAY(&s, WELCOME, welcome, .v = 1);
	say_row(&s, true, 1, 3);
	fails(&s, HDA_EPARTIAL, "closed the connection");
	s = (struct server){.hang_up = true};
	SAY(&s, WELCOME, welcome, .v = 1);
	say_row(&s, true, 1, 3);
	s.say.n -= 2;
	fails(&s, HDA_EPARTIAL, "closed the connection");
}

static void nonsense(void **state)
{
	(void)state;
	struct server s = {0};
	enc_raw(&s.say, "HTTP/1.1 400 Bad Request\r\n", 26);
	fails(&s, HDA_EFORMAT, "does not speak hda's protocol");
	s = (struct server){0};
	SAY(&s, GO, go, .lease_ms = 1);
	fails(&s, HDA_EFORMAT, "answered GO where WELCOME was due");
	s = (struct server){0};
	frame_put(&s.say, HDA_FRAME_WELCOME, 0, SPAN_LIT("\x80"));
	fails(&s, HDA_EFORMAT, "malformed WELCOME: key \"v\" is missing");
	s = (struct server){0};
	SAY(&s, WELCOME, welcome, .v = 1);
	SAY(&s, GO, go, .lease_ms = 1);
	fails(&s, HDA_EFORMAT, "answered GO where ROW or DONE was due");
	s = (struct server){0};
	SAY(&s, WELCOME, welcome, .v = 1);
	frame_put(&s.say, HDA_FRAME_ROW, 0, SPAN_LIT("\x80"));
	fails(&s, HDA_EFORMAT, "malformed ROW: key \"rows\" is missing");
}

static void callback_stops(void **state)
{
	(void)state;
	struct server s = {0};
	struct client c;
	struct seen seen = {.stop = -77};
	SAY(&s, WELCOME, welcome, .v = 1);
	say_row(&s, true, 1, 3);
	assert_int_equal(open_it(&c, &s, ROLE_QUERY), 0);
	assert_int_equal(ask(&c, &seen), -77);
	assert_int_equal(seen.rows, 1);
	client_close(&c);
	server_end(&s);
}

static void silence(void **state)
{
	(void)state;
	struct server s = {0};
	struct client c;
	server_start(&s);
	client_init(&c);
	c.timeout_ms = 50;
	assert_int_equal(client_open_fd_take(&c, s.client_fd, ROLE_QUERY), HDA_ETIMEDOUT_);
	assert_non_null(strstr(c.text, "does not answer"));
	client_close(&c);
	server_end(&s);
}

static void no_daemon(void **state)
{
	(void)state;
	char dir[] = "/tmp/hda-test-XXXXXX", path[128];
	assert_non_null(mkdtemp(dir));
	struct client c;
	client_init(&c);
	assert_int_equal(client_open(&c, dir, "query", ROLE_QUERY), -ENOENT);
	assert_non_null(strstr(c.text, "hdad is not running"));
	client_close(&c);
	/* A socket without a listener: what a killed daemon leaves. */
	snprintf(path, sizeof(path), "%s/query.sock", dir);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	memcpy(sa.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
	client_init(&c);
	assert_int_equal(client_open(&c, dir, "query", ROLE_QUERY), -ECONNREFUSED);
	assert_non_null(strstr(c.text, "hdad is not running"));
	client_close(&c);
	unlink(path);
	rmdir(dir);
	char longer[200];
	memset(longer, 'd', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	client_init(&c);
	assert_int_equal(client_open(&c, longer, "query", ROLE_QUERY), -ENAMETOOLONG);
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(query), cmocka_unit_test(ingest), cmocka_unit_test(refusals), cmocka_unit_test(torn),
		cmocka_unit_test(nonsense), cmocka_unit_test(callback_stops), cmocka_unit_test(silence), cmocka_unit_test(no_daemon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
