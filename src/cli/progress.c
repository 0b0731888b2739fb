/* A progress bar on stderr. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/text.h"

enum { BAR_WIDTH = 24, LABEL_WIDTH = 34 };
static const double FIRST_S = 1.0, EACH_S = 0.1;

double progress_clock(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

void progress_init(struct progress *p, uint64_t total)
{
	*p = (struct progress){.on = isatty(STDERR_FILENO), .start = progress_clock(), .total = total};
}

void progress_update(struct progress *p, uint64_t done, const char *label)
{
	p->done = done;
	if (!p->on)
		return;
	double now = progress_clock(), took = now - p->start;
	if (took < FIRST_S || now - p->painted_at < EACH_S)
		return;
	p->painted = true;
	p->painted_at = now;
	double share = p->total && done < p->total ? (double)done / (double)p->total : p->total ? 1 : 0;
	char rate[HUMAN_MAX], left[HUMAN_MAX], bar[BAR_WIDTH + 1];
	size_t filled = (size_t)(share * BAR_WIDTH);
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', filled);
	bar[BAR_WIDTH] = '\0';
	human_bytes(rate, (double)done / took, false);
	_cleanup_free_ char *safe = text_safe(span_of(label));
	_cleanup_free_ char *cut = text_cut_left(safe, LABEL_WIDTH, false);
	if (p->total && share > 0)
		fprintf(stderr, "\r[%s] %3.0f%%  %s/s  %s left  %s\033[K", bar, share * 100, rate, human_duration(left, took / share - took, false), cut);
	else
		fprintf(stderr, "\r%s  %s/s  %s\033[K", human_bytes(left, (double)done, false), rate, cut);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->painted)
		fputs("\r\033[K", stderr);
	p->painted = false;
}
