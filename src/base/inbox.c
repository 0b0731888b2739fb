/* Hand-over between threads. SPDX-License-Identifier: BSD-2-Clause */
#include "base/inbox.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"

int inbox_init(struct inbox *in, bool shared)
{
	int fd = eventfd(0, EFD_CLOEXEC | (shared ? EFD_SEMAPHORE : EFD_NONBLOCK));
	if (fd < 0)
		return -errno;
	in->head = NULL;
	in->tail = &in->head;
	in->n = 0;
	in->fd = fd;
	in->shared = shared;
	pthread_mutex_init(&in->lock, NULL);
	return 0;
}

void inbox_done(struct inbox *in)
{
	HDA_ASSERT(in->head == NULL);
	close(in->fd);
	pthread_mutex_destroy(&in->lock);
}

void inbox_post(struct inbox *in, struct inbox_msg *m)
{
	m->next = NULL;
	pthread_mutex_lock(&in->lock);
	bool wake = in->shared || in->head == NULL; /* one wake-up for any number of messages, but one each when shared */
	*in->tail = m;
	in->tail = &m->next;
	in->n++;
	/* Under the lock, so that the taker cannot clear the descriptor between the queueing and the wake-up. */
	if (wake) {
		uint64_t one = 1;
		ssize_t n;
		do
			n = write(in->fd, &one, sizeof(one));
		while (n < 0 && errno == EINTR);
		HDA_ASSERT(n == sizeof(one));
	}
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
	uint64_t count;
	ssize_t n;
	do
		n = read(in->fd, &count, sizeof(count));
	while (n < 0 && errno == EINTR);
	HDA_ASSERT(n == sizeof(count));
	pthread_mutex_lock(&in->lock);
	struct inbox_msg *m = in->head;
	HDA_ASSERT(m != NULL);
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
