/* Pictures of trends, drawn by gnuplot. SPDX-License-Identifier: BSD-2-Clause
 *
 * gnuplot is a program: started without a shell, fed by a pipe. Its strings are written in single quotes, where only the quote
 * itself is special. */
#include "cli/plot.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/text.h"

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

/* What a series is called: its name, else class, type, site. */
static char *label(const struct report_row *row)
{
	const char *names[] = {"name", "class", "type", "file"};
	for (size_t i = 0; i < 4; i++) {
		const char *s = report_str(row, names[i]);
		double line = report_num(row, "line");
		if (s && i == 3 && !isnan(line))
			return xasprintf("%s:%.0f", s, line);
		if (s && !(i == 0 && !*s))
			return xstrdup(s);
	}
	const char *list = report_str(row, "list");
	return xstrdup(list && strcmp(list, "rest") == 0 ? "everything else" : "(unknown)");
}

/* Values per point; x is the jobs when every point has them, else the time. */
static bool axis(const struct report *a, const struct val **ret_x, bool *ret_jobs)
{
	const struct val *times = NULL, *jobs = NULL;
	for (size_t i = 0; i < a->nrows && !times; i++) {
		const char *list = report_str(&a->rows[i], "list");
		if (list && strcmp(list, "points") == 0) {
			times = report_get(&a->rows[i], "times");
			jobs = report_get(&a->rows[i], "jobs");
		}
	}
	bool have = jobs && jobs->kind == VAL_LIST && jobs->list.n > 0;
	for (size_t i = 0; have && i < jobs->list.n; i++)
		have = !isnan(val_as_num(&jobs->list.p[i]));
	*ret_x = have ? jobs : times;
	*ret_jobs = have;
	return *ret_x && (*ret_x)->kind == VAL_LIST && (*ret_x)->list.n > 0;
}

static void data(FILE *f, const struct val *x, const struct val *y)
{
	for (size_t k = 0; k < y->list.n && k < x->list.n; k++) {
		double dx = val_as_num(&x->list.p[k]), dy = val_as_num(&y->list.p[k]);
		if (!isnan(dx) && !isnan(dy))
			fprintf(f, "%.3f %.17g\n", dx, dy);
	}
	fputs("e\n", f);
}

static size_t script(FILE *f, const struct report *a, const char *by, const char *metric, const char *path, bool svg)
{
	const struct val *x;
	bool jobs;
	size_t n = 0;
	if (!axis(a, &x, &jobs))
		return 0;
	fprintf(f, "set terminal %s size 1000,600\nset output ", svg ? "svg dynamic" : "pngcairo");
	quoted(f, path);
	fprintf(f, "\nset title '%s by %s' noenhanced\nset key outside right noenhanced\nset grid\nset yrange [0:*]\n",
	    strcmp(metric, "count") == 0 ? "objects" : "memory", by);
	fputs(strcmp(metric, "count") == 0 ? "set ylabel 'objects'\nset format y '%.0s%c'\n" : "set ylabel 'bytes'\nset format y '%.1b%BB'\n", f);
	fputs(jobs ? "set xlabel 'jobs'\n" : "set xdata time\nset timefmt '%s'\nset format x \"%m-%d\\n%H:%M\"\n", f);
	for (size_t i = 0; i < a->nrows; i++) {
		const struct val *y = report_get(&a->rows[i], "series");
		if (!y || y->kind != VAL_LIST)
			continue;
		_cleanup_free_ char *title = label(&a->rows[i]);
		fprintf(f, "%s'-' using 1:2 with linespoints title ", n++ ? ", " : "plot ");
		quoted(f, title);
	}
	putc('\n', f);
	for (size_t i = 0; i < a->nrows; i++) {
		const struct val *y = report_get(&a->rows[i], "series");
		if (y && y->kind == VAL_LIST)
			data(f, x, y);
	}
	return n;
}

/* Runs gnuplot with this script on its standard input. */
static int run_gnuplot(const char *text, size_t n, char **ret_why)
{
	int fds[2], status = 0;
	if (pipe(fds) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[0], STDIN_FILENO);
		close(fds[0]);
		close(fds[1]);
		execlp(GNUPLOT, "gnuplot", "-", (char *)NULL);
		_exit(EXIT_NO_PROGRAM);
	}
	close(fds[0]);
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
	if (!f)
		return -ENOMEM;
	size_t drawn = script(f, a, by, metric, path, svg);
	fclose(f);
	int r = 0;
	if (!drawn) {
		*ret_why = xasprintf("%s: there is nothing to draw", path);
		r = HDA_ENOTFOUND;
	} else {
		r = run_gnuplot(text, n, ret_why);
	}
	free(text);
	return r;
}
