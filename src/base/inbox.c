/* Hand-over between threads. SPDX-License-Identifier: BSD-2-Clause
 *
 * Where several wait, one is woken for a message: those who read an eventfd would all be, and all but one for nothing. */
#include "base/inbox.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"

int inbox_init(struct inbox *in, bool shared)
{
	int fd = shared ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0 && !shared)
		return -errno;
	in->head = NULL;
	in->tail = &in->head;
	in->n = 0;
	in->fd = fd;
	in->shared = shared;
	pthread_mutex_init(&in->lock, NULL);
	pthread_cond_init(&in->filled, NULL);
	return 0;
}

void inbox_done(struct inbox *in)
{
	HDA_ASSERT(in->head == NULL);
	if (!in->shared)
		close(in->fd);
	pthread_cond_destroy(&in->filled);
	pthread_mutex_destroy(&in->lock);
}

static void make_readable(int fd)
{
	uint64_t one = 1;
	ssize_t n;
	do
		n = write(fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
	HDA_ASSERT(n == sizeof(one));
}

void inbox_post(struct inbox *in, struct inbox_msg *m)
{
	m->next = NULL;
	pthread_mutex_lock(&in->lock);
	bool first = in->head == NULL;
	*in->tail = m;
	in->tail = &m->next;
	in->n++;
	/* Under the lock, so that the taker cannot clear the descriptor between the queueing and the wake-up. */
	if (in->shared)
		pthread_cond_signal(&in->filled);
	else if (first) /* one wake-up for any number of messages */
		make_readable(in->fd);
	pthread_mutex_unlock(&in->lock);
}

int inbox_fd(const struct inbox *in) { return in->fd; }

struct inbox_msg *inbox_take(struct inbox *in)
{
	HDA_ASSERT(!in->shared);
	pthread_mutex_lock(&in->lock);
	uint64_t count;
	ssize_t n = read(in->fd, &count, sizeof(count)); /* EAGAIN: nothing was posted */
	HDA_ASSERT(n == sizeof(count) || in->head == NULL);
	struct inbox_msg *m = in->head;
	in->head = NULL;
	in->tail = &in->head;
	in->n = 0;
	pthread_mutex_unlock(&in->lock);
	return m;
}

struct inbox_msg *inbox_wait_one(struct inbox *in)
{
	HDA_ASSERT(in->shared);
	pthread_mutex_lock(&in->lock);
	while (!in->head)
		pthread_cond_wait(&in->filled, &in->lock);
	struct inbox_msg *m = in->head;
	in->head = m->next;
	if (!in->head)
		in->tail = &in->head;
	in->n--;
	pthread_mutex_unlock(&in->lock);
	m->next = NULL;
	return m;
}

size_t inbox_length(struct inbox *in)
{
	pthread_mutex_lock(&in->lock);
	size_t n = in->n;
	pthread_mutex_unlock(&in->lock);
	return n;
}
