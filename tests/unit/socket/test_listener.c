/* Binding, taking over, and letting go of listening sockets. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "socket/listener.h"

enum { MODE = 0660, STRANGER = 4242 };

struct place {
	char *dir, *path;
};

static int setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	p->dir = xstrdup("/tmp/hda-test-listener-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->path = xasprintf("%s/x.sock", p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	unlink(p->path);
	assert_int_equal(rmdir(p->dir), 0);
	free(p->path);
	free(p->dir);
	free(p);
	return 0;
}

static int bound(const struct place *p)
{
	char *why = NULL;
	int fd = -1, err = listener_bind(p->path, MODE, NULL, &fd, &why);
	if (err)
		fail_msg("%s", why);
	return fd;
}

static void refused(const char *path, int want, const char *text)
{
	char *why = NULL;
	int fd = -1;
	assert_int_equal(listener_bind(path, MODE, NULL, &fd, &why), want);
	assert_int_equal(fd, -1);
	if (!strstr(why, path) || !strstr(why, text))
		fail_msg("%s: not about %s", why, text);
	free(why);
}

static ino_t inode(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

static void test_mode(void **state)
{
	struct place *p = *state;
	struct stat st;
	int fd = bound(p);
	assert_int_equal(lstat(p->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, MODE);
	close(fd);
}

static void test_what_is_there(void **state)
{
	struct place *p = *state;
	int fd = bound(p);
	refused(p->path, HDA_EEXISTS, "another hdad answers there");
	close(fd);
	fd = bound(p); /* nobody answers on it any more */
	close(fd);
	unlink(p->path);
	FILE *f = fopen(p->path, "w");
	assert_non_null(f);
	fclose(f);
	refused(p->path, HDA_EEXISTS, "is not a socket");
	assert_int_not_equal(inode(p->path), 0);
}

/* Who may put a socket of his own in its place would get the dumps. */
static void test_directory(void **state)
{
	struct place *p = *state;
	assert_int_equal(chmod(p->dir, 0777), 0);
	refused(p->path, HDA_EREFUSED, "others may write");
	assert_int_equal(chmod(p->dir, 01777), 0);
	close(bound(p));
	assert_int_equal(chmod(p->dir, 0700), 0);
	if (geteuid() != 0)
		return; /* only root can give a directory away */
	assert_int_equal(chown(p->dir, STRANGER, (gid_t)-1), 0);
	refused(p->path, HDA_EREFUSED, "belongs to user 4242");
}

static void test_long_path(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *path = xasprintf("%s/%0120d", p->dir, 0);
	refused(path, -ENAMETOOLONG, "107 bytes");
}

static void taken(void *ctx, int fd, uint64_t pid)
{
	(void)pid;
	++*(int *)ctx;
	close(fd);
}

static int connected(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* It takes its own file away, and not the one that another has put there since. */
static void test_its_file(void **state)
{
	struct place *p = *state;
	struct event_base *base = event_base_new();
	int n = 0;
	struct listener_opts o = {.name = "x", .accepted = taken, .ctx = &n};
	struct listener *l = listener_new(base, bound(p), p->path, &o);
	int fd = connected(p->path);
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(n, 1);
	close(fd);
	listener_free(l);
	assert_int_equal(inode(p->path), 0);

	l = listener_new(base, bound(p), p->path, &o);
	_cleanup_free_ char *aside = xasprintf("%s/aside", p->dir);
	assert_int_equal(rename(p->path, aside), 0); /* so that its inode is not given again */
	fd = bound(p);
	ino_t other = inode(p->path);
	listener_free(l);
	assert_int_equal(inode(p->path), other);
	close(fd);
	unlink(aside);
	event_base_free(base);
}

static void test_stop(void **state)
{
	struct place *p = *state;
	struct event_base *base = event_base_new();
	int n = 0;
	struct listener *l = listener_new(base, bound(p), p->path, &(struct listener_opts){.name = "x", .accepted = taken, .ctx = &n});
	listener_stop(l);
	int fd = connected(p->path); /* the kernel's queue takes it */
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(n, 0);
	close(fd);
	listener_free(l);
	event_base_free(base);
}

static void adopt_refused(int fd)
{
	char *why = NULL;
	assert_int_equal(listener_adopt(fd, "ingest", &why), HDA_EFORMAT);
	assert_non_null(strstr(why, "ingest"));
	free(why);
	close(fd);
}

static void test_adopt(void **state)
{
	struct place *p = *state;
	char *why = NULL;
	int two[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, two), 0);
	adopt_refused(two[0]);
	close(two[1]);
	adopt_refused(socket(AF_UNIX, SOCK_DGRAM, 0));
	adopt_refused(socket(AF_INET, SOCK_STREAM, 0));
	int fd = bound(p);
	assert_int_equal(listener_adopt(fd, "ingest", &why), 0);
	close(fd);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_mode), T(test_what_is_there), T(test_directory), T(test_long_path), T(test_its_file), T(test_stop), T(test_adopt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
