/* Pictures of trends, drawn by gnuplot. SPDX-License-Identifier: BSD-2-Clause
 *
 * gnuplot is a program: started without a shell, fed by a pipe. Its strings are written in single quotes, where only the quote
 * itself is special. */
#include "cli/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/verdict.h"

enum { EXIT_NO_PROGRAM = 127 };

int plot_make_dir(const char *dir, char **ret_why)
{
	if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
		*ret_why = xasprintf("%s: %s", dir, hda_strerror(-errno));
		return -errno;
	}
	return 0;
}

static void quoted(FILE *f, const char *s)
{
	_cleanup_free_ char *safe = text_safe(span_of(s));
	putc('\'', f);
	for (const char *c = safe; *c; c++)
		fputs(*c == '\'' ? "''" : (char[]){*c, 0}, f);
	putc('\'', f);
}

/* Names are cut from the left to so many bytes: the end of a path or a holder tells more. */
enum { LABEL_MAX = 70 };

/* What a series is called: its name, else class and site, or type. New string. */
static char *series_name(const struct report_row *row, const char *by)
{
	static const struct table_style style = {.utf8 = true};
	const char *list = report_str(row, "list"), *name = report_str(row, "name"), *klass = report_str(row, "class"),
	           *type = report_str(row, "type");
	_cleanup_free_ char *site = report_str(row, "file") ? table_cell(&style, row, "site") : NULL;
	if (list && strcmp(list, "rest") == 0)
		return xstrdup("everything else");
	if (site && klass)
		return xasprintf("%s  %s", klass, site);
	if (name || site || klass || type)
		return xstrdup(name ? name : site ? site : klass ? klass : type);
	return xasprintf("(no %s known)", by);
}

/* The name, and what the verdict says of it. */
static char *label(const struct report_row *row, const char *by, bool count)
{
	_cleanup_free_ char *name = series_name(row, by), *verdict = verdict_text(row, count, false);
	size_t n = strlen(name), cut = n > LABEL_MAX ? n - LABEL_MAX : 0;
	while (cut && ((unsigned char)name[cut] & 0xc0) == 0x80) /* in the middle of a character */
		cut++;
	return xasprintf("%s%s%s%s%s", cut ? "…" : "", name + cut, verdict ? "  (" : "", verdict ? verdict : "", verdict ? ")" : "");
}

/* Where the points lie: jobs when every point has them, else times. */
struct axes {
	const struct val *x, *ahead; /* of the dumps, of the forecast */
	bool jobs;
};

static bool is_list(const struct val *v) { return v && v->kind == VAL_LIST && v->list.n > 0; }

static bool all_known(const struct val *v)
{
	bool known = is_list(v);
	for (size_t i = 0; known && i < v->list.n; i++)
		known = !isnan(val_as_num(&v->list.p[i]));
	return known;
}

static bool find_axes(const struct report *a, struct axes *ret)
{
	for (size_t i = 0; i < a->nrows; i++) {
		const struct report_row *row = &a->rows[i];
		const char *list = report_str(row, "list");
		if (!list || strcmp(list, "points") != 0)
			continue;
		bool jobs = all_known(report_get(row, "jobs"));
		*ret = (struct axes){report_get(row, jobs ? "jobs" : "times"), report_get(row, jobs ? "forecast_jobs" : "forecast_times"), jobs};
		return is_list(ret->x);
	}
	return false;
}

/* The unit of the y axis: gnuplot's own prefixes make "4 MiB" of two neighbours. */
struct unit {
	double divide;
	const char *text;
};

static struct unit unit_of(const struct report *a, bool count)
{
	static const struct unit bytes[] = {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "bytes"}},
	    counts[] = {{1e6, "million objects"}, {1e3, "thousand objects"}, {1, "objects"}};
	const struct unit *u = count ? counts : bytes;
	double most = 0;
	for (size_t i = 0; i < a->nrows; i++) {
		const struct val *y = report_get(&a->rows[i], "series");
		for (size_t k = 0; is_list(y) && k < y->list.n; k++)
			most = fmax(most, val_as_num(&y->list.p[k]));
	}
	while (u->divide > 1 && most < 2 * u->divide)
		u++;
	return *u;
}

struct drawing {
	FILE *f;
	struct axes ax;
	struct unit unit;
};

static void point(const struct drawing *d, double x, double y)
{
	if (!isnan(x) && !isnan(y))
		fprintf(d->f, "%.3f %.17g\n", x, y / d->unit.divide);
}

static void points(const struct drawing *d, const struct val *x, const struct val *y)
{
	for (size_t k = 0; is_list(x) && is_list(y) && k < y->list.n && k < x->list.n; k++)
		point(d, val_as_num(&x->list.p[k]), val_as_num(&y->list.p[k]));
}

/* What is drawn of each series, in this order. */
enum curve { MEASURED, FITTED, FORECAST, CURVES };

static const char *const curve_style[CURVES] = {
    [MEASURED] = "with linespoints lw 1.5 ps 0.6", [FITTED] = "with lines lw 1", [FORECAST] = "with lines lw 1.5 dt 2"};
static const char *const colours[] = {
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6a3d9a", "#8c510a", "#e31a1c", "#4d4d4d", "#7f9a00"};
enum { COLOURS = sizeof(colours) / sizeof(colours[0]), REST_POINT = 6 };

static void curve_data(const struct drawing *d, const struct report_row *row, enum curve c)
{
	const struct val *fit = report_get(row, "fit");
	if (c == FORECAST) { /* begins where the fitted line ends */
		size_t n = is_list(fit) && fit->list.n <= d->ax.x->list.n ? fit->list.n : 0;
		if (n)
			point(d, val_as_num(&d->ax.x->list.p[n - 1]), val_as_num(&fit->list.p[n - 1]));
		points(d, d->ax.ahead, report_get(row, "forecast"));
	} else {
		points(d, d->ax.x, c == MEASURED ? report_get(row, "series") : fit);
	}
	fputs("e\n", d->f);
}

static void head(const struct drawing *d, const char *by, const char *metric, const char *path, bool svg)
{
	double last = val_as_num(&d->ax.x->list.p[d->ax.x->list.n - 1]);
	fprintf(d->f, "set terminal %s size 1200,760 font 'sans,11'\nset output ", svg ? "svg dynamic background 'white'" : "pngcairo");
	quoted(d->f, path);
	fprintf(d->f, "\nset key above left Left reverse maxcols 2 noenhanced title '%s by %s, %zu dumps' left\n"
	    "set grid lt 1 lw 1 lc rgb '#e4e4e4'\nset border 3\nset tics nomirror out\nset yrange [0:*]\nset ylabel '%s'\n",
	    strcmp(metric, "count") == 0 ? "objects" : "memory", by, d->ax.x->list.n, d->unit.text);
	fputs(d->ax.jobs ? "set xlabel 'jobs'\nset format x '%.0f'\n"
	    : "set xlabel 'time (UTC)'\nset xdata time\nset timefmt '%s'\nset format x \"%m-%d\\n%H:%M\"\n", d->f);
	if (!isnan(last))
		fprintf(d->f, "set arrow from first %.3f, graph 0 to first %.3f, graph 1 nohead lc rgb '#999999' dt 3\n"
		    "set label 'last dump' at first %.3f, graph 0.98 offset 0.5,0 tc rgb '#777777' font ',9'\n", last, last, last);
}

/* One series in the plot command. */
static void curves(const struct drawing *d, const struct report_row *row, size_t i, const char *title)
{
	const char *list = report_str(row, "list");
	bool rest = list && strcmp(list, "rest") == 0;
	for (int c = MEASURED; c < CURVES; c++) {
		fprintf(d->f, "%s'-' using 1:2 %s lc rgb '%s' ", i || c ? ", " : "plot ", curve_style[c], rest ? "#999999" : colours[i % COLOURS]);
		if (c == MEASURED) {
			fprintf(d->f, "pt %zu title ", rest ? (size_t)REST_POINT : 7 + i / COLOURS % 3 * 2);
			quoted(d->f, title);
		} else {
			fputs("notitle", d->f);
		}
	}
}

static size_t script(FILE *f, const struct report *a, const char *by, const char *metric, const char *path, bool svg)
{
	bool count = strcmp(metric, "count") == 0;
	struct drawing d = {.f = f, .unit = unit_of(a, count)};
	size_t n = 0;
	if (!find_axes(a, &d.ax))
		return 0;
	head(&d, by, metric, path, svg);
	for (size_t i = 0; i < a->nrows; i++) {
		if (!is_list(report_get(&a->rows[i], "series")))
			continue;
		_cleanup_free_ char *title = label(&a->rows[i], by, count);
		curves(&d, &a->rows[i], n++, title);
	}
	if (!n)
		return 0;
	fprintf(f, ", '-' using 1:2 %s lc rgb 'black' title 'fitted', '-' using 1:2 %s lc rgb 'black' title 'forecast'\n", curve_style[FITTED],
	    curve_style[FORECAST]);
	for (size_t i = 0; i < a->nrows; i++) {
		for (int c = MEASURED; is_list(report_get(&a->rows[i], "series")) && c < CURVES; c++)
			curve_data(&d, &a->rows[i], (enum curve)c);
	}
	double x = val_as_num(&d.ax.x->list.p[0]);
	fprintf(f, "%.3f NaN\ne\n%.3f NaN\ne\n", x, x); /* the two entries of the legend */
	return n;
}

/* Runs gnuplot with this script on its standard input. */
static int run_gnuplot(const char *text, size_t n, char **ret_why)
{
	int fds[2], status = 0;
	if (pipe(fds) < 0) {
		int err = -errno;
		*ret_why = xasprintf("cannot start gnuplot: %s", hda_strerror(err));
		return err;
	}
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[0], STDIN_FILENO);
		dup2(null, STDOUT_FILENO); /* where it would draw what it cannot write to a file */
		close(fds[0]);
		close(fds[1]);
		execlp(GNUPLOT, "gnuplot", "-", (char *)NULL);
		_exit(EXIT_NO_PROGRAM);
	}
	close(fds[0]);
	close(null);
	/* A gnuplot that dies early must not take us along. */
	struct sigaction old;
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &old);
	FILE *f = pid > 0 ? fdopen(fds[1], "w") : NULL;
	if (f) {
		fwrite(text, 1, n, f);
		fclose(f);
	} else {
		close(fds[1]);
	}
	sigaction(SIGPIPE, &old, NULL);
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		*ret_why = xasprintf("cannot start gnuplot: %s", hda_strerror(-errno));
		return -ECHILD;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	*ret_why = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM
	    ? xasprintf("gnuplot is not there: install it (Debian: gnuplot-nox)") : xasprintf("gnuplot could not draw it");
	return HDA_EREFUSED;
}

/* gnuplot goes on when it cannot write its file. 0, or -errno with the line. */
static int can_write(const char *path, char **ret_why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0) {
		int err = -errno;
		*ret_why = xasprintf("%s: %s", path, hda_strerror(err));
		return err;
	}
	close(fd);
	return 0;
}

int plot_trend(const struct report *a, const char *by, const char *metric, const char *path, char **ret_why)
{
	const char *dot = strrchr(path, '.');
	bool svg = dot && strcmp(dot, ".svg") == 0;
	if (!svg && !(dot && strcmp(dot, ".png") == 0)) {
		*ret_why = xasprintf("%s: a picture ends in .svg or .png", path);
		return HDA_EUSAGE;
	}
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	if (!f) {
		*ret_why = xstrdup(hda_strerror(-ENOMEM));
		return -ENOMEM;
	}
	size_t drawn = script(f, a, by, metric, path, svg);
	fclose(f);
	int r = 0;
	if (!drawn) {
		*ret_why = xasprintf("%s: there is nothing to draw", path);
		r = HDA_ENOTFOUND;
	} else {
		r = can_write(path, ret_why);
		r = r < 0 ? r : run_gnuplot(text, n, ret_why);
	}
	free(text);
	return r;
}
