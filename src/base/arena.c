/* Bump allocation. SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ARENA_BLOCK = 64 * 1024, ARENA_ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(ARENA_ALIGN) uint8_t data[];
};

void *arena_alloc(struct arena *a, size_t n)
{
	n = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	struct arena_block *b = a->blocks;
	if (!b || b->size - b->used < n) {
		size_t size = n > ARENA_BLOCK / 4 ? n : ARENA_BLOCK;
		struct arena_block *fresh = xmalloc(sizeof(*fresh) + size);
		*fresh = (struct arena_block){.size = size};
		/* A block for one large thing goes behind the first, whose room is still good. */
		if (b && size == n) {
			fresh->next = b->next;
			b->next = fresh;
		} else {
			fresh->next = b;
			a->blocks = fresh;
		}
		b = fresh;
		a->bytes += size;
	}
	void *p = b->data + b->used;
	b->used += n;
	return p;
}

char *arena_copy(struct arena *a, const void *p, size_t n)
{
	char *s = arena_alloc(a, n + 1);
	if (n)
		memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

void arena_done(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;
		free(a->blocks);
		a->blocks = next;
	}
	a->bytes = 0;
}
