/* Unix sockets that accept. SPDX-License-Identifier: BSD-2-Clause */
#include "socket/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"

struct listener {
	struct listener_opts opts;
	int fd;
	char *path;
	dev_t dev;
	ino_t ino;
	struct event *readable, *resume;
};

/* --- binding --- */

static int fail(char **ret_why, int err, const char *path, const char *what)
{
	*ret_why = xasprintf("%s: %s", path, what ? what : hda_strerror(err));
	return err;
}

/* Whether somebody accepts on this socket. */
static bool answered(const struct sockaddr_un *sa)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return true; /* cannot tell: leave it alone */
	int r = connect(fd, (const struct sockaddr *)sa, sizeof(*sa));
	bool dead = r < 0 && (errno == ECONNREFUSED || errno == ENOENT);
	close(fd);
	return !dead; /* EAGAIN: alive, its backlog is full */
}

/* Takes away the file of a dead socket; an error when it is anything else. */
static int clear_path(const struct sockaddr_un *sa, char **ret_why)
{
	struct stat st;
	if (lstat(sa->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : fail(ret_why, -errno, sa->sun_path, NULL);
	if (!S_ISSOCK(st.st_mode))
		return fail(ret_why, HDA_EEXISTS, sa->sun_path, "is there already and is not a socket");
	if (answered(sa))
		return fail(ret_why, HDA_EEXISTS, sa->sun_path, "another hdad answers there");
	return unlink(sa->sun_path) < 0 && errno != ENOENT ? fail(ret_why, -errno, sa->sun_path, NULL) : 0;
}

/* A lock on the directory, so that two that start at once do not take each other's new socket for a dead one. */
static int lock_dir(const char *path)
{
	_cleanup_free_ char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r;
	do
		r = flock(fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	return fd; /* without locks (some file systems) it is as good as it can be */
}

/* Who may write to the directory, or owns it, can put a socket of his own in the place of ours, and get the dumps. */
static int check_dir(int dir, const char *path, char **ret_why)
{
	struct stat st;
	if (fstat(dir, &st) < 0)
		return fail(ret_why, -errno, path, NULL);
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		*ret_why = xasprintf("%s: its directory belongs to user %lu: chown it to the user who runs hdad", path, (unsigned long)st.st_uid);
		return HDA_EREFUSED;
	}
	if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		return fail(ret_why, HDA_EREFUSED, path, "others may write to its directory: chmod o-w, or choose another");
	return 0;
}

static void set_group(const char *path, const char *group)
{
	const struct group *gr = group ? getgrnam(group) : NULL;
	/* Not being allowed to is normal in a test or on a developer's machine: the mode is what guards. */
	if (gr && lchown(path, (uid_t)-1, gr->gr_gid) < 0)
		errno = 0;
}

static int bind_at(int fd, const struct sockaddr_un *sa, mode_t mode, char **ret_why)
{
	int err = clear_path(sa, ret_why);
	if (err < 0)
		return err;
	/* On Linux the file gets the descriptor's mode, less the umask; the umask alone does it elsewhere. */
	fchmod(fd, mode);
	mode_t old = umask(0777 & ~mode);
	int r = bind(fd, (const struct sockaddr *)sa, sizeof(*sa));
	err = -errno;
	umask(old);
	if (r < 0)
		return fail(ret_why, err, sa->sun_path, NULL);
	return 0;
}

int listener_bind(const char *path, mode_t mode, const char *group, int *ret_fd, char **ret_why)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sa.sun_path))
		return fail(ret_why, -ENAMETOOLONG, path, "longer than a socket's path may be (107 bytes)");
	memcpy(sa.sun_path, path, strlen(path) + 1);
	int dir = lock_dir(path);
	if (dir < 0)
		return fail(ret_why, dir, path, NULL);
	int err = check_dir(dir, path, ret_why);
	if (err < 0) {
		close(dir);
		return err;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	err = fd < 0 ? fail(ret_why, -errno, path, NULL) : bind_at(fd, &sa, mode, ret_why);
	if (err == 0) {
		set_group(path, group);
		if (listen(fd, LISTENER_BACKLOG) < 0)
			err = fail(ret_why, -errno, path, NULL);
	}
	close(dir);
	if (err < 0) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int listener_adopt(int fd, const char *name, char **ret_why)
{
	int type = 0, listening = 0;
	struct sockaddr_un sa = {0};
	socklen_t n = sizeof(type), m = sizeof(listening), k = sizeof(sa);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &m) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &k) < 0 || sa.sun_family != AF_UNIX || type != SOCK_STREAM || !listening)
		return fail(ret_why, HDA_EFORMAT, name, "the socket handed over is not a listening Unix stream socket");
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return fail(ret_why, -errno, name, NULL);
	return 0;
}

/* --- accepting --- */

static uint64_t peer_pid(int fd)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0 && cred.pid > 0 ? (uint64_t)cred.pid : 0;
}

static bool exhausted(int err) { return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM; }

static void trouble(struct listener *l, int err, bool paused)
{
	if (l->opts.trouble)
		l->opts.trouble(l->opts.ctx, l->opts.name, -err, paused);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	struct listener *l = ctx;
	for (int i = 0; i < LISTENER_ACCEPTS; i++) {
		int c = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c >= 0) {
			l->opts.accepted(l->opts.ctx, c, peer_pid(c));
			continue;
		}
		int err = errno;
		if (err == EINTR || err == ECONNABORTED)
			continue;
		if (err == EAGAIN)
			return;
		bool pause = exhausted(err);
		if (pause) {
			event_del(l->readable);
			event_add(l->resume, &(struct timeval){.tv_usec = LISTENER_PAUSE_MS * 1000});
		}
		trouble(l, err, pause);
		return;
	}
}

static void on_resume(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct listener *l = ctx;
	event_add(l->readable, NULL);
}

struct listener *listener_new(struct event_base *base, int fd, const char *path, const struct listener_opts *opts)
{
	struct listener *l = xcalloc(1, sizeof(*l));
	l->opts = *opts;
	l->fd = fd;
	struct stat st;
	if (path && lstat(path, &st) == 0) {
		l->path = xstrdup(path);
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	l->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, l);
	l->resume = event_new(base, -1, 0, on_resume, l);
	HDA_ASSERT(l->readable && l->resume);
	event_add(l->readable, NULL);
	return l;
}

void listener_stop(struct listener *l)
{
	event_del(l->readable);
	event_del(l->resume);
}

void listener_free(struct listener *l)
{
	if (!l)
		return;
	event_free(l->readable);
	event_free(l->resume);
	struct stat st;
	/* Another hdad may have replaced it since: then it is not ours to take away. */
	if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	close(l->fd);
	free(l->path);
	free(l);
}
