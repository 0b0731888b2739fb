/* Verdict: which rows are one leak. SPDX-License-Identifier: BSD-2-Clause
 *
 * What hangs below a growing container is its leak. What one line of code makes, a library's helper objects that have no single holder,
 * and what the interpreter keeps in its own tables along with an object (finalizers, method entries, interned strings) belong to a leak
 * as well when they grow in fixed proportion to it: closer than two causes that know nothing of each other would. */
#include <stdlib.h>
#include <string.h>

#include "analyze/verdict_fold.h"
#include "analyze/verdict_impl.h"
#include "base/gem.h"
#include "base/mem.h"

#define SAME_HOLDER .95  /* cosine of the births of rows with one holder, as the specification says */
#define SAME_FILE .98    /* ... of one file, where no holder is known */
#define TIED .5          /* chi squared of two rows by degree of freedom: 1 when they are independent, 0 when one makes the other */
#define TIED_MIN 8       /* objects of each from which that is asked */
#define TIED_RATIO .03   /* counted in different ways: their rates are k to 1 within this part ... */
#define TIED_RATIO_MAX 12 /* ... for a k up to this */
#define CLEARLY .1       /* a difference that a leak may change its name for: of confidences, and a share of bytes a job */
#define APART_AT .5      /* confidence from which entries may be a leak of their own */
#define EACH_MAX 3       /* objects for each entry of a container that may be its entry */

static double cosine(const struct verdict_judged *a, const struct verdict_judged *b)
{
	double ab = 0, aa = 0, bb = 0;
	if (a->nunits != b->nunits || a->nunits == 0)
		return 0;
	for (unsigned i = 0; i < a->nunits; i++) {
		ab += a->units[i] * b->units[i];
		aa += a->units[i] * a->units[i];
		bb += b->units[i] * b->units[i];
	}
	return ab / sqrt(fmax(aa * bb, 1e-12));
}

static bool judged_alike(const struct verdict_judged *a, const struct verdict_judged *b)
{
	return a->nunits == b->nunits && a->by_births == b->by_births;
}

bool verdict_tied(const struct verdict_fused *x, const struct verdict_fused *y)
{
	const struct verdict_judged *a = &x->judged, *b = &y->judged;
	double na = 0, nb = 0, chi2 = 0;
	for (unsigned i = 0; i < a->nunits; i++)
		na += a->units[i];
	for (unsigned i = 0; i < b->nunits; i++)
		nb += b->units[i];
	if (na < TIED_MIN || nb < TIED_MIN)
		return false;
	if (!judged_alike(a, b)) {
		double r = fmax(x->rate, y->rate) / fmax(fmin(x->rate, y->rate), 1e-12);
		return r <= TIED_RATIO_MAX && fabs(r - round(r)) <= TIED_RATIO * r;
	}
	unsigned df = 0;
	for (unsigned i = 0; i < a->nunits; i++) {
		double both = a->units[i] + b->units[i], ea = both * na / (na + nb), eb = both - ea;
		if (a->units[i] < 0 || b->units[i] < 0)
			return cosine(a, b) > SAME_FILE;
		if (both <= 0)
			continue;
		df++;
		chi2 += (a->units[i] - ea) * (a->units[i] - ea) / ea + (b->units[i] - eb) * (b->units[i] - eb) / eb;
	}
	return df >= 3 && chi2 < TIED * (df - 1);
}

bool verdict_begins(const struct verdict_entry *e, const struct verdict_entry *head)
{
	if (e->npath < head->npath)
		return false;
	for (size_t i = 0; i < head->npath; i++) {
		if (strcmp(e->path[i], head->path[i]) != 0)
			return false;
	}
	return true;
}

bool verdict_under(const struct verdict_entry *e, const struct verdict_entry *c)
{
	return e->path && e->npath > c->npath && verdict_begins(e, c) && c->klass && strcmp(e->path[c->npath], c->klass) == 0;
}

bool verdict_inside(const struct verdict_entry *e, const struct verdict_entry *c)
{
	return e->npath == c->npath + 1 && verdict_under(e, c);
}

/* What the interpreter made, of which a program knows nothing. */
static bool is_imemo(const struct verdict_entry *e) { return e->type && strcmp(e->type, "IMEMO") == 0; }

/* Held by nothing but a stack. */
static bool is_on_stack(const struct verdict_entry *e) { return e->npath && strcmp(e->path[0], "root thread stacks") == 0; }

int verdict_by_depth(const void *a, const void *b)
{
	const struct verdict_fused *x = *(const struct verdict_fused *const *)a, *y = *(const struct verdict_fused *const *)b;
	if (is_on_stack(x->entry) != is_on_stack(y->entry))
		return is_on_stack(x->entry) ? 1 : -1;
	if (x->entry->npath != y->entry->npath)
		return x->entry->npath < y->entry->npath ? -1 : 1;
	if ((x->entry->key->len < 0) != (y->entry->key->len < 0))
		return x->entry->key->len < 0 ? 1 : -1;
	if (is_imemo(x->entry) != is_imemo(y->entry))
		return is_imemo(x->entry) ? 1 : -1;
	int s = (int)(x->conf / CLEARLY), t = (int)(y->conf / CLEARLY);
	if (s != t)
		return s > t ? -1 : 1;
	double p = x->rate * x->size, q = y->rate * y->size;
	if (p != q)
		return p > q ? -1 : 1;
	return x->entry->id < y->entry->id ? -1 : x->entry->id > y->entry->id;
}

static int by_text(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : ""); }

/* Which of two of one line names it? The nearer to a root, what a program made rather than the interpreter, what is clearly surer, the
 * larger. How sure they are differs by hairs from dump to dump, and a leak is to keep its name. */
static bool names_rather(const struct verdict_fused *f, const struct verdict_fused *head)
{
	const struct verdict_entry *e = f->entry, *h = head->entry;
	if (e->npath != h->npath || (e->key->len < 0) != (h->key->len < 0) || fabs(f->conf - head->conf) > CLEARLY)
		return verdict_by_depth(&f, &head) < 0;
	if (is_imemo(e) != is_imemo(h))
		return is_imemo(h);
	double p = f->rate * f->size, q = head->rate * head->size;
	if (fabs(p - q) > CLEARLY * fmax(p, q))
		return p > q;
	int c = by_text(e->klass, h->klass);
	c = c ? c : by_text(e->site, h->site);
	return c ? c < 0 : by_text(e->type, h->type) < 0;
}

bool verdict_names(const struct verdict_fused *f, const struct verdict_fused *top, const struct verdict_fused *head)
{
	if (f->entry->key->len >= 0)
		return false;
	/* Beside a topmost key that is no container: what stands where it stands, so that its name is the same once its container is known. */
	if (top->entry->key->len < 0)
		return f->entry->npath && f->entry->npath == top->entry->npath && verdict_begins(f->entry, top->entry) && f->conf > 0 &&
		       names_rather(f, head);
	if (!verdict_begins(f->entry, top->entry))
		return head == top && !f->entry->npath; /* what nothing alone holds names it rather than nothing */
	return head == top || !verdict_begins(head->entry, top->entry) || names_rather(f, head);
}

static size_t site_file(const char *site)
{
	const char *colon = strchr(site, ':');
	return colon ? (size_t)(colon - site) : strlen(site);
}

static bool same_file(const struct verdict_entry *a, const struct verdict_entry *b)
{
	size_t n = a->site ? site_file(a->site) : 0;
	return a->site && b->site && n == site_file(b->site) && memcmp(a->site, b->site, n) == 0;
}

/* Several containers that grow each: had there come to be more of them, these would tell (life_weigh.c). */
static bool grow_each(const struct verdict_fused *f) { return f->entry->key->len >= 0 && f->entry->key->n >= VERDICT_SEVERAL; }

/* Is the path of e that of h, then h itself? An object of the interpreter has no class and is named by its type. Where a container gains
 * entries these are not those that grow each. */
static bool below(const struct verdict_fused *k, const struct verdict_fused *t)
{
	const struct verdict_entry *e = k->entry, *h = t->entry;
	if (!h->npath || e->npath <= h->npath || !verdict_begins(e, h) || (grow_each(k) && h->key->len >= 0))
		return false;
	if (h->klass)
		return verdict_under(e, h);
	return h->type && strcmp(e->path[h->npath], h->type) == 0 && verdict_tied(k, t);
}

static bool same_text(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

/* Two steady leaks look alike however different their causes are. Where births are counted they are told apart: those of two lines of code
 * that one cause runs come together, those of two causes each by its own chance. What grows in each of several containers has little to do
 * with what stands beside them. */
static bool told_apart(const struct verdict_fused *x, const struct verdict_fused *y)
{
	const char *a = x->entry->site, *b = y->entry->site;
	bool alike = judged_alike(&x->judged, &y->judged);
	if (grow_each(x) || grow_each(y))
		return !alike || !verdict_tied(x, y);
	return a && b && !same_text(a, b) && alike && x->judged.by_births && !verdict_tied(x, y);
}

/* A root whose references are variables of a program. */
static bool is_variable(const char *root)
{
	static const char *const roots[] = {"root global_tbl", "root threads", "root thread stacks"};
	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		if (strcmp(root, roots[i]) == 0)
			return true;
	}
	return false;
}

/* Do both stand in one place that is a holder? Global variables are many, and so are those of stacks. */
static bool has_same_holder(const struct verdict_entry *e, const struct verdict_entry *h)
{
	return e->npath && e->npath == h->npath && verdict_begins(e, h) && !(e->npath == 1 && is_variable(e->path[0]));
}

/* Does k belong to the line whose topmost key is t? */
static bool joins(const struct verdict_fused *k, const struct verdict_fused *t)
{
	const struct verdict_entry *e = k->entry, *h = t->entry;
	if (below(k, t))
		return true;
	if (has_same_holder(e, h)) {
		if (cosine(&k->judged, &t->judged) > SAME_HOLDER && !told_apart(k, t))
			return true;
		/* A Hash of Hashes: the steps of a path that are alike are one, so its entries stand where it stands. */
		if (h->key->len >= 0 && e->klass && h->klass && strcmp(e->klass, h->klass) == 0 && verdict_tied(k, t))
			return true;
	}
	return !e->npath && same_file(e, h) && cosine(&k->judged, &t->judged) > SAME_FILE;
}

static bool is_upper(const char *s)
{
	for (; *s; s++) {
		if (*s >= 'a' && *s <= 'z')
			return false;
	}
	return true;
}

/* Held by the interpreter's own tables only: nothing on the path has a name that a person gave. */
static bool is_internal(const struct verdict_entry *e)
{
	if (!e->npath || strncmp(e->path[0], "root ", 5) != 0 || is_variable(e->path[0]))
		return false;
	for (size_t i = 1; i < e->npath; i++) {
		if (!is_upper(e->path[i]))
			return false;
	}
	return !e->stack;
}

static bool same_library(const struct verdict_entry *a, const struct verdict_entry *b)
{
	char x[GEM_NAME], y[GEM_NAME];
	if (!a->site || !b->site)
		return false;
	gem_name(span_of(a->site), x);
	gem_name(span_of(b->site), y);
	return strcmp(x, "app") != 0 && strcmp(x, y) == 0;
}

/* Are there enough of both, beside each other, for their tie to say something? Any few are tied to any many that come as evenly. */
static bool are_as_many(const struct verdict_fused *k, const struct verdict_fused *s)
{
	return fmax(k->rate, s->rate) <= TIED_RATIO_MAX * fmin(k->rate, s->rate);
}

/* Nobody knows whose it is: the interpreter's, or what is held by several and made at no line of Ruby. */
static bool is_nowhere(const struct verdict_entry *e) { return is_internal(e) || (!e->npath && !e->site); }

/* Is one of them in what holds the other, or nobody knows what holds one? */
static bool held_together(const struct verdict_entry *e, const struct verdict_entry *h)
{
	return is_internal(e) || is_internal(h) || !e->npath || !h->npath || verdict_begins(e, h) || verdict_begins(h, e);
}

/* May row k of one line and row s of another be of one cause, by where they are made and held? They must be tied besides. */
static bool kin(const struct verdict_fused *k, const struct verdict_fused *s)
{
	const struct verdict_entry *e = k->entry, *h = s->entry;
	bool other_kind = !same_text(e->klass, h->klass) || !same_text(e->type, h->type);
	if (below(k, s) || (e->site && same_text(e->site, h->site) && other_kind && (held_together(e, h) || are_as_many(k, s))))
		return true;
	bool nowhere = !e->site && k->proc->traced; /* made by no line of Ruby; untraced nothing has a site */
	if (!e->npath && h->npath && (nowhere || same_file(e, h) || same_library(e, h)))
		return true;
	if (is_on_stack(e) && h->klass && strcmp(h->klass, "Thread") == 0) /* each has one */
		return true;
	return is_internal(e) && !is_internal(h) && h->npath;
}

enum {
	KIN_LINES = 32, /* lines that are compared with each other; more are no reading matter anyway */
	KIN_ROWS = 16,  /* ... by so many rows of each, those nearest to a root */
};

/* The lines being made: lists of their keys. */
struct folding {
	struct verdict *v;
	struct verdict_fused **hot;
	uint32_t *next, *first, *last; /* by key: the next of its line + 1; by line: its first and last key */
	size_t nhot;
};

static const struct verdict_fused *top_of(const struct folding *f, size_t line) { return &f->v->fused[f->v->lines[line].top]; }

/* Of a container no entry is known to be in it, and what has no single holder grows by one, two or three for each that it gains: those are
 * what it holds, and something else holds them as well (a class: its superclass). */
static bool are_entries(const struct folding *f, size_t line, size_t to)
{
	const struct verdict_fused *e = top_of(f, line), *c = top_of(f, to);
	double each = e->rate / fmax(c->rate, 1e-12);
	return c->entry->key->len >= 0 && c->entry->npath && !f->next[f->first[to]] && e->entry->key->len < 0 && !e->entry->npath &&
	       each > 1 - TIED_RATIO && each < (1 + TIED_RATIO) * EACH_MAX && verdict_tied(e, c);
}

static bool is_entry_of(const struct verdict_fused *k, const struct verdict_fused *c)
{
	return k->entry->key->len < 0 && k->conf >= APART_AT && verdict_inside(k->entry, c->entry);
}

/* A signature may stand for several containers: the Arrays of two constants of one module. Entries of another class, or of another line of
 * code, that come by a chance of their own are in another one of them. */
static bool is_of_another(const struct folding *f, const struct verdict_fused *k, size_t line)
{
	const struct verdict_fused *c = top_of(f, line);
	if (c->entry->key->len < 0 || c->entry->key->n < 2 || !is_entry_of(k, c))
		return false;
	for (uint32_t i = f->first[line] + 1; i; i = f->next[i - 1]) {
		const struct verdict_fused *m = f->hot[i - 1];
		bool other = !same_text(k->entry->klass, m->entry->klass) || !same_text(k->entry->site, m->entry->site);
		if (other && is_entry_of(m, c) && !verdict_tied(k, m))
			return true;
	}
	return false;
}

static bool is_kin(const struct folding *f, size_t line, size_t to)
{
	if (are_entries(f, line, to))
		return true;
	if (is_of_another(f, top_of(f, line), to))
		return false;
	unsigned a = 0;
	for (uint32_t i = f->first[line] + 1; i && a < KIN_ROWS; i = f->next[i - 1], a++) {
		unsigned b = 0;
		if (is_nowhere(f->hot[i - 1]->entry) && !is_nowhere(top_of(f, line)->entry))
			continue; /* it is of this line; that another is as regular says nothing of what has a holder */
		for (uint32_t j = f->first[to] + 1; j && b < KIN_ROWS; j = f->next[j - 1], b++) {
			if (kin(f->hot[i - 1], f->hot[j - 1]) && verdict_tied(f->hot[i - 1], f->hot[j - 1]))
				return true;
		}
	}
	return false;
}

/* Line i goes into line j; the last line takes its number. */
static void merge(struct folding *f, size_t i, size_t j)
{
	size_t last = --f->v->nlines;
	f->next[f->last[j]] = f->first[i] + 1;
	f->last[j] = f->last[i];
	f->first[i] = f->first[last];
	f->last[i] = f->last[last];
	f->v->lines[i].top = f->v->lines[last].top;
}

/* Bytes a job of a line; what has a name comes before what the interpreter holds. */
static double weight(const struct folding *f, size_t line)
{
	double sum = 0;
	for (uint32_t i = f->first[line] + 1; i; i = f->next[i - 1])
		sum += f->hot[i - 1]->rate * f->hot[i - 1]->size;
	return sum * (is_internal(top_of(f, line)->entry) ? 1e-6 : 1);
}

/* Only the interpreter or a stack holds it. */
static bool is_aside(const struct verdict_entry *e) { return is_internal(e) || is_on_stack(e); }

/* Each line goes to the largest that it is kin to; what only the interpreter or a stack holds goes to what has a holder, never the other
 * way. */
static void merge_kin(struct folding *f)
{
	for (size_t i = 0; i < f->v->nlines && i < KIN_LINES;) {
		size_t to = SIZE_MAX;
		double most = -1;
		for (size_t j = 0; j < f->v->nlines && j < KIN_LINES; j++) {
			if (j != i && is_kin(f, i, j) && weight(f, j) > most) {
				most = weight(f, j);
				to = j;
			}
		}
		if (to == SIZE_MAX) {
			i++;
		} else if (is_aside(top_of(f, to)->entry) && !is_aside(top_of(f, i)->entry)) {
			merge(f, to, i);
			i = 0; /* another line may have its number now */
		} else {
			merge(f, i, to);
		}
	}
}

/* The line that hot row i belongs to: of several the one that begins nearest to it; nlines: none. */
static size_t line_of(const struct folding *f, uint32_t i)
{
	size_t best = f->v->nlines;
	for (size_t l = 0; l < f->v->nlines; l++) {
		if (joins(f->hot[i], top_of(f, l)) && !is_of_another(f, f->hot[i], l) &&
		    (best == f->v->nlines || top_of(f, l)->entry->npath > top_of(f, best)->entry->npath))
			best = l;
	}
	return best;
}

static void place(struct folding *f, uint32_t i)
{
	struct verdict *v = f->v;
	size_t l = line_of(f, i);
	if (l == v->nlines) {
		v->lines[v->nlines++].top = (size_t)(f->hot[i] - v->fused);
		f->first[l] = i;
	} else {
		f->next[f->last[l]] = i + 1;
	}
	f->last[l] = i;
}

static void add_rows(struct verdict_line *l, const struct verdict_fused *f)
{
	l->rows = xreallocarray(l->rows, l->nrows + f->nids, sizeof(*l->rows));
	memcpy(l->rows + l->nrows, f->ids, f->nids * sizeof(*f->ids));
	l->nrows += f->nids;
}

void verdict_fold(struct verdict *v)
{
	struct folding f = {.v = v, .hot = xcalloc(v->nfused, sizeof(*f.hot))};
	for (size_t i = 0; i < v->nfused; i++) {
		if (v->fused[i].label >= VERDICT_SUSPECT)
			f.hot[f.nhot++] = &v->fused[i];
	}
	qsort(f.hot, f.nhot, sizeof(*f.hot), verdict_by_depth);
	v->lines = xcalloc(f.nhot, sizeof(*v->lines));
	uint32_t *lists = xcalloc(3 * f.nhot, sizeof(*lists));
	f.next = lists;
	f.first = lists + f.nhot;
	f.last = lists + 2 * f.nhot;
	for (uint32_t i = 0; i < f.nhot; i++)
		place(&f, i);
	merge_kin(&f);
	for (size_t l = 0; l < v->nlines; l++) {
		for (uint32_t i = f.first[l] + 1; i; i = f.next[i - 1]) {
			f.hot[i - 1]->line = (int)l;
			add_rows(&v->lines[l], f.hot[i - 1]);
		}
	}
	free(lists);
	free(f.hot);
}
