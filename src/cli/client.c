/* The blocking client of hdad. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/sendfile.h>
#endif
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "hda/version.h"
#include "proto/rows.h"

enum {
	CLIENT_BUF = 64 * 1024,   /* bytes of one read */
	/* Bytes of memory that a byte of rows becomes: a number of 9 is a struct of 24, here and in msgpack. */
	CLIENT_GROWS = 6,
	CLIENT_MANY = 8 * 1024,   /* bytes of rows, from which on that memory is made ready at once */
	/* Bytes under way to hdad while it reads a dump (the kernel doubles it, and cuts it at net.core.wmem_max). With the usual 208 kB the
	 * sender was woken for each 160 kB and the reader waited for it: 0.53 against 0.47 s for two dumps of 328 MB at once. */
	CLIENT_AHEAD = 512 * 1024,
};

static int fail(struct client *c, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int fail(struct client *c, int err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
	return err;
}

void client_init(struct client *c)
{
	*c = (struct client){.fd = -1, .timeout_ms = CLIENT_TIMEOUT_MS};
	frame_decoder_init(&c->dec);
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	frame_decoder_done(&c->dec);
	enc_done(&c->out);
	free(c->in);
	c->in = NULL;
}

static int64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Waits for an event until the deadline. 0 or a negative error. */
static int wait_fd(struct client *c, short events, int64_t deadline, const char *doing)
{
	for (;;) {
		int64_t left = deadline - now_ms();
		if (left <= 0)
			return fail(c, HDA_ETIMEDOUT_, "hdad at %s does not answer (%s, waited %d s)", c->path, doing,
			    c->timeout_ms / 1000);
		struct pollfd p = {.fd = c->fd, .events = events};
		int r = poll(&p, 1, left > 1000000 ? 1000000 : (int)left);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return fail(c, -errno, "poll: %s", strerror(errno));
	}
}

static int closed(struct client *c)
{
	return fail(c, HDA_EPARTIAL, "hdad at %s closed the connection in the middle (its log says why)", c->path);
}

static int send_all(struct client *c, const uint8_t *p, size_t n)
{
	int64_t deadline = now_ms() + c->timeout_ms;
	while (n) {
		ssize_t w = send(c->fd, p, n, MSG_NOSIGNAL);
		if (w >= 0) {
			p += w;
			n -= (size_t)w;
			deadline = now_ms() + c->timeout_ms;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET)
			return closed(c);
		if (errno != EAGAIN)
			return fail(c, -errno, "%s: %s", c->path, strerror(errno));
		int r = wait_fd(c, POLLOUT, deadline, "sending");
		if (r < 0)
			return r;
	}
	return 0;
}

/* Sends c->out, a body, as a frame. */
static int send_body(struct client *c, uint8_t type, const struct enc *body)
{
	if (body->n > frame_limit(type))
		return fail(c, HDA_ELIMIT, "the request is too large (%zu bytes, the limit is %u)", body->n, frame_limit(type));
	enc_clear(&c->out);
	frame_put(&c->out, type, c->seq++, (struct span){body->p, body->n});
	return send_all(c, c->out.p, c->out.n);
}

/* ERROR of the daemon as a text. */
static int refused(struct client *c, struct span body)
{
	struct msg_error e;
	struct proto_err pe;
	if (msg_error_decode(&e, body, &pe) < 0)
		return fail(c, HDA_EREFUSED, "hdad at %s refused, and its reason cannot be read: %s", c->path, pe.text);
	if (e.code == HDA_STATUS_VERSION)
		return fail(c, HDA_EVERSION, "this program speaks protocol %d to %d, hdad at %s speaks %u to %u: "
		    "install the same version of both", HDA_PROTOCOL_MIN, HDA_PROTOCOL_MAX, c->path, e.min, e.max);
	return fail(c, HDA_EREFUSED, "hdad refused (%u): %s", e.code, e.text);
}

/* The next frame within the timeout; an ERROR frame is an error. */
static int receive(struct client *c, struct frame *ret)
{
	int64_t deadline = now_ms() + c->timeout_ms;
	for (;;) {
		int r = frame_decoder_next(&c->dec, ret);
		if (r < 0)
			return fail(c, r, "%s does not speak hda's protocol: %s", c->path, c->dec.text);
		if (r > 0)
			return ret->hdr.type == HDA_FRAME_ERROR ? refused(c, ret->body) : 0;
		ssize_t n = recv(c->fd, c->in, CLIENT_BUF, MSG_DONTWAIT);
		if (n > 0) {
			frame_decoder_feed(&c->dec, (struct span){c->in, (size_t)n});
		} else if (n == 0 || errno == ECONNRESET) {
			return closed(c);
		} else if (errno == EAGAIN) {
			if ((r = wait_fd(c, POLLIN, deadline, "waiting for an answer")) < 0)
				return r;
		} else if (errno != EINTR) {
			return fail(c, -errno, "%s: %s", c->path, strerror(errno));
		}
	}
}

/* A frame of this type and nothing else. */
static int expect(struct client *c, uint8_t type, struct frame *ret)
{
	int r = receive(c, ret);
	if (r == 0 && ret->hdr.type != type)
		return fail(c, HDA_EFORMAT, "%s answered %s where %s was due", c->path, frame_type_name(ret->hdr.type),
		    frame_type_name(type));
	return r;
}

static int malformed(struct client *c, const struct frame *f, const struct proto_err *pe)
{
	return fail(c, HDA_EFORMAT, "%s sent a malformed %s: %s", c->path, frame_type_name(f->hdr.type), pe->text);
}

static int greet(struct client *c, enum role role)
{
	if (!c->in)
		c->in = xmalloc(CLIENT_BUF);
	struct msg_hello h = {.min = HDA_PROTOCOL_MIN, .max = HDA_PROTOCOL_MAX, .role = role};
	h.who.pid = (uint64_t)getpid();
	snprintf(h.client, sizeof(h.client), "hdactl %s", HDA_VERSION);
	struct enc body = {0};
	msg_hello_encode(&body, &h);
	int r = send_body(c, HDA_FRAME_HELLO, &body);
	enc_done(&body);
	struct frame f;
	/* A daemon that refuses may have closed before it read us: its ERROR is worth more than our EPIPE. */
	if ((r < 0 && r != HDA_EPARTIAL) || (r = expect(c, HDA_FRAME_WELCOME, &f)) < 0)
		return r;
	struct proto_err pe;
	if (msg_welcome_decode(&c->welcome, f.body, &pe) < 0)
		return malformed(c, &f, &pe);
	if (c->welcome.v < HDA_PROTOCOL_MIN || c->welcome.v > HDA_PROTOCOL_MAX)
		return fail(c, HDA_EVERSION, "this program speaks protocol %d to %d, hdad at %s chose %u", HDA_PROTOCOL_MIN,
		    HDA_PROTOCOL_MAX, c->path, c->welcome.v);
	return 0;
}

int client_open_fd_take(struct client *c, int fd, enum role role)
{
	c->fd = fd;
	if (!c->path[0])
		snprintf(c->path, sizeof(c->path), "descriptor %d", fd);
	return greet(c, role);
}

/* The sentence for a connect that failed. */
static int not_connected(struct client *c, int err, const char *name)
{
	switch (err) {
	case ENOENT:
	case ECONNREFUSED:
		return fail(c, -err, "hdad is not running (%s: %s); start it: systemctl start hdad, or hdad --runtime-dir DIR",
		    c->path, strerror(err));
	case EACCES:
	case EPERM:
		if (strcmp(name, "control") == 0)
			return fail(c, -EACCES, "%s: permission denied; only root and the daemon's user may use it", c->path);
		return fail(c, -EACCES, "%s: permission denied; be a member of group %s", c->path,
		    strcmp(name, "ingest") == 0 ? "hda-ingest" : "hda");
	default:
		return fail(c, -err, "%s: %s", c->path, strerror(err));
	}
}

int client_open(struct client *c, const char *runtime_dir, const char *name, enum role role)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	if (!runtime_dir)
		runtime_dir = getenv("HDA_RUNTIME_DIR");
	if (!runtime_dir || !*runtime_dir)
		runtime_dir = CLIENT_RUNTIME_DIR;
	int n = snprintf(c->path, sizeof(c->path), "%s/%s.sock", runtime_dir, name);
	if (n < 0 || (size_t)n >= sizeof(sa.sun_path))
		return fail(c, -ENAMETOOLONG, "%s: the path of a socket has at most %zu bytes", runtime_dir, sizeof(sa.sun_path) - 1);
	memcpy(sa.sun_path, c->path, (size_t)n + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(c, -errno, "socket: %s", strerror(errno));
	/* connect(2) of a Unix socket waits only while the queue of the listener is full: bound that by the send timeout. */
	struct timeval tv = {.tv_sec = c->timeout_ms / 1000, .tv_usec = c->timeout_ms % 1000 * 1000};
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	int r;
	do
		r = connect(fd, (const struct sockaddr *)&sa, sizeof(sa));
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		int err = errno;
		close(fd);
		if (err == EAGAIN)
			return fail(c, HDA_ETIMEDOUT_, "hdad at %s does not accept connections (waited %d s)", c->path,
			    c->timeout_ms / 1000);
		return not_connected(c, err, name);
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	if (role == ROLE_INGEST)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){CLIENT_AHEAD}, sizeof(int));
	return client_open_fd_take(c, fd, role);
}

static int take_rows(struct client *c, const struct frame *f, const struct client_sink *sink)
{
	struct row_reader *rr;
	struct proto_err pe;
	if (f->body.n >= CLIENT_MANY)
		mem_ready(CLIENT_GROWS * f->body.n);
	if (row_reader_new(&rr, f->body, &pe) < 0)
		return malformed(c, f, &pe);
	const struct span *names;
	const struct val *cells;
	size_t n;
	int r = 0;
	if ((n = row_reader_cols(rr, &names)) && sink->cols)
		r = sink->cols(sink->ctx, names, n);
	if (r == 0 && (n = row_reader_dump(rr, &names, &cells)) && sink->dump)
		r = sink->dump(sink->ctx, names, cells, n);
	while (r == 0 && sink->row && (cells = row_reader_next(rr, &n)))
		r = sink->row(sink->ctx, cells, n);
	row_reader_free(rr);
	return r;
}

static int take_done(struct client *c, const struct frame *f, const struct client_sink *sink)
{
	struct msg_done d;
	struct proto_err pe;
	if (msg_done_decode(&d, f->body, &pe) < 0)
		return malformed(c, f, &pe);
	int r = 0;
	for (size_t i = 0; r == 0 && sink->note && i < d.nnotes; i++)
		r = sink->note(sink->ctx, d.notes[i]);
	if (sink->done)
		sink->done(sink->ctx, d.status, d.text);
	return r ? r : d.status;
}

int client_request(struct client *c, const struct msg_request *req, const struct client_sink *sink)
{
	struct enc body = {0};
	msg_request_encode(&body, req);
	int r = send_body(c, HDA_FRAME_REQUEST, &body);
	enc_done(&body);
	while (r == 0 || r == HDA_EPARTIAL) {
		struct frame f;
		if ((r = receive(c, &f)) < 0)
			return r;
		if (f.hdr.type == HDA_FRAME_DONE)
			return take_done(c, &f, sink);
		if (f.hdr.type != HDA_FRAME_ROW)
			return fail(c, HDA_EFORMAT, "%s answered %s where ROW or DONE was due", c->path,
			    frame_type_name(f.hdr.type));
		if ((r = take_rows(c, &f, sink)) != 0)
			return r;
	}
	return r;
}

int client_want(struct client *c, const char *reason, struct msg_later *ret)
{
	struct msg_want w = {0};
	struct enc body = {0};
	snprintf(w.reason, sizeof(w.reason), "%s", reason ? reason : "");
	msg_want_encode(&body, &w);
	int r = send_body(c, HDA_FRAME_WANT, &body);
	enc_done(&body);
	struct frame f;
	if ((r < 0 && r != HDA_EPARTIAL) || (r = receive(c, &f)) < 0)
		return r;
	struct proto_err pe;
	if (f.hdr.type == HDA_FRAME_GO) {
		struct msg_go go;
		return msg_go_decode(&go, f.body, &pe) < 0 ? malformed(c, &f, &pe) : 0;
	}
	if (f.hdr.type != HDA_FRAME_LATER)
		return fail(c, HDA_EFORMAT, "%s answered %s where GO or LATER was due", c->path, frame_type_name(f.hdr.type));
	return msg_later_decode(ret, f.body, &pe) < 0 ? malformed(c, &f, &pe) : 1;
}

/* After a failed send: the daemon's last words, if it has any, say more than EPIPE. */
static int last_words(struct client *c, int err)
{
	struct frame f;
	if (err != HDA_EPARTIAL)
		return err;
	int r = receive(c, &f);
	return r < 0 ? r : err;
}

int client_begin(struct client *c, const struct dump_header *h)
{
	struct enc body = {0};
	msg_begin_encode(&body, h);
	int r = send_body(c, HDA_FRAME_BEGIN, &body);
	enc_done(&body);
	return last_words(c, r);
}

int client_data(struct client *c, struct span piece) { return last_words(c, send_all(c, piece.p, piece.n)); }

ssize_t client_file(struct client *c, int fd)
{
#ifdef __linux__
	int64_t deadline = now_ms() + c->timeout_ms;
	for (;;) {
		ssize_t n = sendfile(c->fd, fd, NULL, CLIENT_PIECE);
		if (n >= 0)
			return n;
		if (errno == EPIPE || errno == ECONNRESET)
			return last_words(c, closed(c));
		if (errno != EINTR && errno != EAGAIN)
			return -ENOSYS; /* whatever it is, reading will say it better */
		int r = errno == EAGAIN ? wait_fd(c, POLLOUT, deadline, "sending") : 0;
		if (r < 0)
			return r;
	}
#else
	(void)c, (void)fd;
	return -ENOSYS;
#endif
}

static int end(struct client *c, const struct msg_end *m, struct msg_ack *ret)
{
	int r = client_data(c, SPAN_LIT(HDA_END_MARK));
	if (r < 0)
		return r;
	struct enc body = {0};
	msg_end_encode(&body, m);
	r = send_body(c, HDA_FRAME_END, &body);
	enc_done(&body);
	if (r < 0)
		return last_words(c, r);
	int usual = c->timeout_ms;
	c->timeout_ms = usual > CLIENT_ACK_TIMEOUT_MS ? usual : CLIENT_ACK_TIMEOUT_MS;
	struct frame f;
	struct proto_err pe;
	r = expect(c, HDA_FRAME_ACK, &f);
	c->timeout_ms = usual;
	if (r < 0)
		return r;
	return msg_ack_decode(ret, f.body, &pe) < 0 ? malformed(c, &f, &pe) : 0;
}

int client_end(struct client *c, bool ok, uint64_t lines, struct msg_ack *ret)
{
	return end(c, &(struct msg_end){.ok = ok, .lines = lines}, ret);
}

int client_discard(struct client *c)
{
	struct msg_ack ack;
	return end(c, &(struct msg_end){.discard = true, .lines = HEADER_UNKNOWN}, &ack);
}
