/* A progress bar on stderr. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/text.h"

enum {
	BAR_WIDTH = 24,
	LABEL_MAX = 34,
	LABEL_MIN = 8,         /* shorter it says nothing */
	NARROW = 60,           /* columns below which there is no bar, but figures */
	WIDTH_UNKNOWN = 80,
};
static const double FIRST_S = 1.0, EACH_S = 0.1;

double progress_clock(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

void progress_init(struct progress *p, uint64_t total)
{
	struct winsize ws;
	*p = (struct progress){.on = isatty(STDERR_FILENO), .start = progress_clock(), .total = total, .width = WIDTH_UNKNOWN};
	if (p->on && ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		p->width = ws.ws_col;
}

/* Bar, share, rate and what is left, as far as they are known. Returns the length. */
static size_t figures(const struct progress *p, double took, char *buf, size_t room)
{
	double share = p->total && p->done < p->total ? (double)p->done / (double)p->total : p->total ? 1 : 0;
	char rate[HUMAN_MAX], left[HUMAN_MAX], bar[BAR_WIDTH + 1] = "";
	bool with_bar = p->width >= NARROW;
	if (with_bar) {
		memset(bar, '.', BAR_WIDTH);
		memset(bar, '#', (size_t)(share * BAR_WIDTH));
	}
	human_bytes(rate, (double)p->done / took, false);
	int n = p->total && share > 0 ? snprintf(buf, room, "%s%s%s%3.0f%%  %s/s  %s left  ", with_bar ? "[" : "", bar, with_bar ? "] " : "",
	                                    share * 100, rate, human_duration(left, took / share - took, false))
	                              : snprintf(buf, room, "%s  %s/s  ", human_bytes(left, (double)p->done, false), rate);
	return (size_t)n;
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
	char line[4 * HUMAN_MAX + BAR_WIDTH];
	size_t n = figures(p, took, line, sizeof(line)), room = p->width > n + 1 ? p->width - n - 1 : 0;
	_cleanup_free_ char *safe = text_safe(span_of(label));
	_cleanup_free_ char *cut = text_cut_left(safe, room < LABEL_MAX ? room : LABEL_MAX, false);
	/* One column stays free: a line that is full would go on in the next, and "\r" not come back to its beginning. */
	fprintf(stderr, "\r%.*s%s\033[K", (int)p->width - 1, line, room >= LABEL_MIN ? cut : "");
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->painted)
		fputs("\r\033[K", stderr);
	p->painted = false;
}
