/* What leaks prints: the head of a process, a line of the answer. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/leaks.h"
#include "cli/text.h"

enum { SERIES_WIDTH = 24 }; /* columns of a line's sparkline */

/* A text of a row, safe for a terminal; NULL when null. The caller frees. */
static char *safe(const struct report_row *row, const char *name)
{
	const char *s = report_str(row, name);
	return s ? text_safe(span_of(s)) : NULL;
}

/* "low boundary  412 003 objects live after major collections, rising 4 010 per 1000 jobs (3 900 .. 4 100); old objects rising 3 990". */
static void boundary(const struct cli *cli, const struct report_row *row)
{
	char a[HUMAN_MAX], b[HUMAN_MAX], c[HUMAN_MAX], d[HUMAN_MAX];
	bool exact = cli->style.exact;
	_cleanup_free_ char *word = safe(row, "boundary"), *old = safe(row, "old_boundary");
	if (!word)
		return;
	bool flat = strcmp(word, "flat") == 0;
	printf("low boundary  %s objects live after major collections, %s", human_count(a, report_num(row, "boundary_objects"), exact), word);
	if (!flat)
		printf(" %s per 1000 jobs (%s .. %s)", human_count(b, round(report_num(row, "boundary_per_1000_jobs")), exact),
		    human_count(c, round(report_num(row, "boundary_low")), exact), human_count(d, round(report_num(row, "boundary_high")), exact));
	if (old)
		printf("; old objects %s", old);
	if (old && strcmp(old, "flat") != 0)
		printf(" %s", human_count(b, round(report_num(row, "old_boundary_per_1000_jobs")), exact));
	putchar('\n');
}

/* "pid 4121  shop/sidekiq  ruby 3.1.7  14 dumps, 13 000 jobs, 2h10m   heap 412.0M  RSS 688.0M  limit 1.0G". */
void leaks_head(const struct cli *cli, const struct report_row *row)
{
	char a[HUMAN_MAX];
	bool exact = cli->style.exact;
	_cleanup_free_ char *app = safe(row, "app"), *ruby = safe(row, "ruby");
	double pid = report_num(row, "pid"), dumps = report_num(row, "dumps"), limit = report_num(row, "limit");
	if (pid > 0)
		printf("pid %.0f", pid);
	else
		printf("files, pid unknown");
	printf("%s%s%s%s", app ? "  " : "", app ? app : "", ruby ? "  ruby " : "", ruby ? ruby : "");
	printf("  %.0f dump%s", dumps, dumps == 1 ? "" : "s");
	if (report_num(row, "jobs") > 0)
		printf(", %s job%s", human_count(a, report_num(row, "jobs"), exact), report_num(row, "jobs") == 1 ? "" : "s");
	if (report_num(row, "span_s") > 0)
		printf(", %s", human_duration(a, report_num(row, "span_s"), exact));
	if (report_num(row, "heap") > 0)
		printf("   heap %s", human_bytes(a, report_num(row, "heap"), exact));
	if (report_num(row, "rss") > 0)
		printf("  RSS %s", human_bytes(a, report_num(row, "rss"), exact));
	if (limit > 0)
		printf("  limit %s", human_bytes(a, limit, exact));
	if (report_num(row, "lives") > 1)
		printf("  (%.0f workers together)", report_num(row, "lives"));
	putchar('\n');
	boundary(cli, row);
}

static bool is_slow(const struct report_row *row)
{
	const char *label = report_str(row, "label");
	return label && strcmp(label, "slow") == 0;
}

static void sparkline(const struct cli *cli, const struct report_row *row)
{
	const struct val *v = report_get(row, "series");
	if (!v || v->kind != VAL_LIST || v->list.n < 2)
		return;
	_cleanup_free_ double *d = xcalloc(v->list.n, sizeof(*d));
	for (size_t i = 0; i < v->list.n; i++)
		d[i] = val_as_num(&v->list.p[i]);
	_cleanup_free_ char *line = text_bars(d, v->list.n, SERIES_WIDTH, cli->style.utf8);
	printf("  kept, by time of birth  %s", line);
	_cleanup_free_ char *how = is_slow(row) ? NULL : safe(row, "how"); /* what fills follows nothing for long */
	printf("%s%s\n", how ? "  " : "", how ? how : "");
}

/* "612 B", "4.0K": a number alone would not say of what. */
static const char *with_unit(char buf[HUMAN_MAX], double bytes, bool exact)
{
	human_bytes(buf, bytes, exact);
	size_t n = strlen(buf);
	if (n && n + 2 < HUMAN_MAX && buf[n - 1] >= '0' && buf[n - 1] <= '9')
		memcpy(buf + n, " B", 3);
	return buf;
}

/* Nothing was kept of the younger half of the run: the cache is full. */
static bool stopped(const struct report_row *row)
{
	const struct val *v = report_get(row, "series");
	if (!v || v->kind != VAL_LIST || v->list.n < 4)
		return false;
	for (size_t i = v->list.n / 2; i < v->list.n; i++)
		if (!(val_as_num(&v->list.p[i]) <= 0))
			return false;
	return true;
}

/* Of a container that holds no objects of its own (numbers, or what is named elsewhere) only its entries are counted. */
static bool only_entries(const struct report_row *row) { return isfinite(report_num(row, "entries")) && !(report_num(row, "bytes") > 0); }

/* What is in it: the entries of a String are bytes. */
static const char *content(const struct report_row *row)
{
	const char *type = report_str(row, "type");
	return type && only_entries(row) && strcmp(type, "STRING") == 0 ? "bytes" : "entries";
}

/* "about 14:30" or, farther away than a day, with its date. */
static void about(double at, double taken, bool exact)
{
	enum { DAY = 86400, DATE = 11, MINUTES = 16 }; /* bytes of "YYYY-MM-DD " and of that with HH:MM */
	char a[HUMAN_MAX];
	human_time(a, at, exact);
	if (!exact && strlen(a) > MINUTES)
		a[MINUTES] = '\0';
	printf(", about %s", !exact && at - taken < DAY && strlen(a) == MINUTES ? a + DATE : a);
}

/* "will stop near 2 000 entries (now 1 640), about 14:30". False: where it ends is not known. */
static bool bound(const struct cli *cli, const struct report_row *row)
{
	char a[HUMAN_MAX], b[HUMAN_MAX];
	double end = report_num(row, "bound"), at = report_num(row, "bound_at"), entries = report_num(row, "entries"),
	       taken = report_num(row, "last_time");
	double now = isfinite(entries) ? entries : report_num(row, "count");
	const char *what = isfinite(entries) ? content(row) : "objects";
	if (!isfinite(end))
		return false;
	/* Two figures are known of it, more would look exact. */
	double unit = cli->style.exact ? 1 : pow(10, floor(log10(fmax(end, 1))) - 1), near = fmax(round(end / unit) * unit, ceil(now));
	if (end - now < 1 || end - now < .01 * end || near - now < 1) {
		printf(" filled: %s %s, and no more than %s are to come\n", human_count(a, now, cli->style.exact), what,
		    human_count(b, ceil(end - now), cli->style.exact));
		return true;
	}
	printf(" will stop near %s %s (now %s)", human_count(a, near, cli->style.exact), what,
	    human_count(b, now, cli->style.exact));
	if (at > taken)
		about(at, taken, cli->style.exact);
	putchar('\n');
	return true;
}

/* "  +3.0 objects/job  +158 B/job (152..171)"; what is less than 10 bytes a job is told a 1000 jobs. */
static void pace(const struct cli *cli, const struct report_row *row)
{
	char a[HUMAN_MAX], b[HUMAN_MAX], c[HUMAN_MAX];
	double objects = report_num(row, "objects_per_job"), bytes = report_num(row, "bytes_per_1000_jobs");
	bool rare = bytes < 10e3;
	double by = rare ? 1 : 1000;
	const char *per = rare ? "1000 jobs" : "job";
	if (objects > 0)
		printf("  %+.3g %s/%s", objects * 1000 / by, only_entries(row) ? content(row) : "objects", per);
	if (bytes > 0)
		printf("  +%s/%s (%s..%s)", with_unit(a, bytes / by, cli->style.exact), per,
		    human_bytes(b, report_num(row, "low") / by, cli->style.exact), human_bytes(c, report_num(row, "high") / by, cli->style.exact));
}

/* "LEAK   92 %  +3.0 objects/job  +158 B/job (152..171)  1.0G reached in 3d4h". */
void leaks_verdict(const struct cli *cli, const struct report_row *row)
{
	char a[HUMAN_MAX];
	_cleanup_free_ char *label = safe(row, "label");
	for (char *p = label; p && *p; p++)
		*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
	printf("%-8s", label ? label : "?");
	double sure = report_num(row, "confidence"); /* of a leak; next to none: what a container holds is too young to tell */
	if (!is_slow(row) && sure >= .005)
		printf(" %3.0f %%", 100 * sure);
	if (is_slow(row) && bound(cli, row))
		return;
	if (is_slow(row) && stopped(row)) {
		puts(" filled, and has stopped growing");
		return;
	}
	pace(cli, row);
	double limit_at = report_num(row, "limit_at"), taken = report_num(row, "last_time");
	if (limit_at > taken && taken > 0)
		printf("  limit reached in %s", human_duration(a, limit_at - taken, cli->style.exact));
	putchar('\n');
}

/* "in 2 of 9 workers (pid 4121, 4130)": which, where it is not all of them and they are few. */
static void workers(const struct report_row *row)
{
	enum { NAMED = 3 };
	const struct val *pids = report_get(row, "worker_pids");
	double n = report_num(row, "workers"), of = report_num(row, "of_workers");
	printf("in %.0f of %.0f workers", n, of);
	if (n < of && pids && pids->kind == VAL_LIST && pids->list.n && n <= NAMED && pids->list.n >= (size_t)n) {
		for (size_t i = 0; i < (size_t)n; i++)
			printf("%s%.0f", i ? ", " : " (pid ", val_as_num(&pids->list.p[i]));
		putchar(')');
	}
	printf("    ");
}

/* How much it is by now, where and since when; each part with the gap behind it. */
static void now(const struct cli *cli, const struct report_row *row, const char *rev)
{
	char a[HUMAN_MAX];
	double gone = report_num(row, "gone_since"), last = report_num(row, "last_time");
	printf("  now        ");
	if (only_entries(row)) {
		printf("%s %s    ", human_count(a, report_num(row, "entries"), cli->style.exact), content(row));
	} else if (report_num(row, "bytes") > 0) {
		printf("%s object%s, ", human_count(a, report_num(row, "count"), cli->style.exact), report_num(row, "count") == 1 ? "" : "s");
		printf("%s    ", with_unit(a, report_num(row, "bytes"), cli->style.exact));
	}
	if (report_num(row, "of_workers") > 1)
		workers(row);
	if (rev)
		printf("since revision %s    ", rev);
	if (args_flag(cli->args, OPT_ID_EXPLAIN) && report_num(row, "first_seen") > 0)
		printf("first seen %s    ", human_time(a, report_num(row, "first_seen"), cli->style.exact));
	if (gone > 0 && last > gone)
		printf("not in the newest revision, for %s    ", human_duration(a, last - gone, cli->style.exact));
}

/* "ACK until 2026-12-01 00:00:00: known". */
static void ack(const struct cli *cli, const struct report_row *row)
{
	char a[HUMAN_MAX];
	double until = report_num(row, "ack_until");
	_cleanup_free_ char *note = safe(row, "ack_note"), *rev = safe(row, "ack_revision");
	bool holds = report_num(row, "acknowledged") > 0;
	if (!holds && !(report_num(row, "ack_made") > 0))
		return;
	printf("  %s", holds ? "ACK" : "ACK is over:");
	if (until > 0)
		printf(" until %s", human_time(a, until, cli->style.exact));
	else if (rev)
		printf(" until revision %s", rev);
	printf("%s%s\n", note ? ": " : "", note ? note : "");
}

/* "  held by    class PriceCache -> Hash (52 114 entries, +4/job)"; of many containers together "(2 800 entries in 500)". */
static void held_by(const struct cli *cli, const struct report_row *row, const char *holder, const char *klass)
{
	char a[HUMAN_MAX];
	bool container = isfinite(report_num(row, "entries")), own = klass && !container && !report_str(row, "file");
	double pace = report_num(row, "entries_per_job");
	printf("  held by    %s%s%s", holder, own ? " -> " : "", own ? klass : "");
	if (container)
		printf(" (%s %s", human_count(a, report_num(row, "entries"), cli->style.exact), content(row));
	if (report_num(row, "containers") > 1)
		printf(" in %s", human_count(a, report_num(row, "containers"), cli->style.exact));
	if (container && pace > 0 && !only_entries(row) && !is_slow(row))
		printf(", %+.3g/job", pace);
	puts(container ? ")" : "");
}

void leaks_line(const struct cli *cli, const struct report_row *row)
{
	_cleanup_free_ char *klass = safe(row, "class"), *holder = safe(row, "holder"), *id = safe(row, "id"), *rev = safe(row, "revision");
	leaks_verdict(cli, row);
	ack(cli, row);
	if (report_str(row, "file")) {
		_cleanup_free_ char *site = table_cell(&cli->style, row, "site");
		printf("  allocated  %s   %s\n", site ? site : "", klass ? klass : "");
	} else if (klass && isfinite(report_num(row, "entries")) && !only_entries(row)) {
		printf("  class      %s\n", klass); /* what the container holds */
	}
	if (holder)
		held_by(cli, row, holder, klass);
	sparkline(cli, row);
	now(cli, row, is_slow(row) ? NULL : rev); /* since when a cache fills is not noted */
	printf("id %s\n", id ? id : "?");
}

/* "OTHER    12 345 keys more than are followed: 1.2M objects, 40.0M, not judged". */
void leaks_other(const struct cli *cli, const struct report_row *row)
{
	char a[HUMAN_MAX], b[HUMAN_MAX], c[HUMAN_MAX];
	bool exact = cli->style.exact;
	printf("OTHER    %s keys more than are followed: %s objects, %s, not judged\n", human_count(a, report_num(row, "keys"), exact),
	    human_count(b, report_num(row, "count"), exact), with_unit(c, report_num(row, "bytes"), exact));
}
