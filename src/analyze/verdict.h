/* The verdict: what leaks, how fast, how sure. SPDX-License-Identifier: BSD-2-Clause
 *
 * One process life is a verdict_proc, fed one dump at a time; each key (type, class, site, holder path) of it is a
 * verdict_key, fed its row of that dump. The evidence is weighed only when asked (verdict_judge), from the state and the
 * newest dump; several lives and siblings are then fused into lines (verdict_lines). Pure: libm only, no clock, no I/O.
 *
 * Idea: growth between two dumps says little; a leak *keeps what it was given*, so the births of the survivors of the newest
 * dump are spread over the run in proportion to the work done. The stories (leak, slow, turn-over, burst) predict shares of
 * births per segment of the run; a Dirichlet-multinomial likelihood with unknown dispersion weighs them against each other.
 * Without births (untraced) the low boundary of the level is regressed on the same shapes with Zellner's g prior (empirical
 * Bayes; Liang et al. 2008, "Mixtures of g Priors for Bayesian Variable Selection"). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VERDICT_SEGMENTS = 16,  /* closed segments kept per process; when full they merge in pairs: 8..16 cover any history */
	VERDICT_BOUNDS = VERDICT_SEGMENTS + 1,
	VERDICT_SUB = 3,        /* marks per dump interval, the last of them the dump */
	VERDICT_CLASSES = 24,   /* job classes told apart per process; the rest is one */
	VERDICT_LEVELS = VERDICT_BOUNDS + 1, /* closed segments of levels, the first dump, and the open one */
	VERDICT_MARKS = 256,    /* marks kept per process; then older ones that no segment ends at are left out, every second first */
	VERDICT_MARKS_NEW = 48, /* ... but never of the newest so many */
	VERDICT_FROZEN = VERDICT_SEGMENTS + VERDICT_BOUNDS, /* units of earlier epochs: VERDICT_SEGMENTS old ones and those of the last */
	VERDICT_UNITS = 3 * VERDICT_BOUNDS, /* units judged: of this epoch, of the last one, and VERDICT_SEGMENTS of earlier ones */
	VERDICT_WAITS = 8,      /* dumps before what hangs on the finalizer table is a leak while no major GC is known to have run ... */
	VERDICT_WAITS_MAX = 16, /* ... and as dead objects become more along with it, which may be those whose finalizers it is */
	VERDICT_WAITS_FOR_MAJOR = 10000, /* that it goes on until a major GC runs */
	VERDICT_LEARNING = 5,   /* dumps before a verdict can be trusted; untraced, nothing is called a leak before: those of one life and of
	                         * the lives before it, not of workers side by side, which warm up together */
	VERDICT_WARM = 4,       /* traced, dumps before which only what is very sure is a leak */
};

#define VERDICT_SUSPECT_AT .30 /* confidence of a suspect; below it is one only while there are too few dumps */

enum verdict_label {
	VERDICT_STATIC, VERDICT_FAST, VERDICT_SLOW, VERDICT_SUSPECT, VERDICT_BOUNDED, VERDICT_BACKLOG, VERDICT_PHASE, VERDICT_LEAK,
};
const char *verdict_label_name(enum verdict_label l);

/* The stories; the first four explain births, the last two only levels. */
enum verdict_story { STORY_LEAK, STORY_SLOW, STORY_TURN, STORY_BURST, STORY_FLAT, STORY_WANDER, STORIES };
const char *verdict_story_name(enum verdict_story s);

/* Groups of the shapes of a leak and of what is slow that mean the same in all lives of one application, so that these share one: steady by
 * the job, any other leak; what slows down hardly, clearly, in any other way. */
enum verdict_kind { KIND_JOB, KIND_LEAK, KIND_STRAIGHT, KIND_BENT, KIND_SLOW, KINDS };

/* How births follow the work. */
enum verdict_how { HOW_JOB, HOW_HOUR, HOW_CLASS, HOW_SINCE, HOW_ACCELERATING, HOW_OTHER };

/* One dump of one process, as far as time is concerned. */
struct verdict_dump {
	double jobs, t;                    /* counter, seconds */
	uint64_t gc, major, compact;
	bool no_majors;                    /* nobody counted major GCs: `major` says nothing */
	bool partial;
	double memsize, rss;               /* bytes: what the heap takes, and the process */
	double live;                       /* bytes of what is alive in the heap */
	double oldmalloc;                  /* bytes given by malloc since the last major GC and not freed: old garbage is in it; 0 unknown */
	double live_slots, old_objects;    /* as GC.stat says; 0 unknown */
	bool knows_dead;
	double dead;                       /* unreachable objects that may wait for a major GC, at most */
	double marks[VERDICT_SUB - 1][2];  /* (jobs, t) noted between the dumps */
	double marks_gc[VERDICT_SUB - 1];  /* GC counts at the marks */
	unsigned nmarks;
	/* Jobs since the last GC run before each mark and, behind them, the dump: births are told apart by GC runs, so of a mark those
	 * of before that are known. 0: they are known up to the mark itself. */
	double since_gc[VERDICT_SUB];
	double until_gc; /* of the second dump: jobs from the first to the next GC run; until then births are of before */
	double mix[VERDICT_CLASSES];       /* jobs by class, counted like jobs; index into the process's classes */
};

/* The low boundary of a level: the least of each segment of dumps, and the number of the dump where it was. */
struct verdict_lows {
	float low[VERDICT_LEVELS];         /* INFINITY: nothing known of that segment */
	uint32_t at[VERDICT_LEVELS], n;
};

/* A stretch of the run with what survives of it. */
struct verdict_unit {
	double w, sec, x, s;               /* width in jobs, seconds, middle in jobs, survivors */
	double mix[VERDICT_CLASSES];
};

/* A process life. The state is bounded: of any history at most VERDICT_MARKS moments are kept. Marks are numbered in order of
 * time from 0; an index into the arrays of marks holds until the next verdict_proc_update. */
struct verdict_proc {
	/* set by the caller before the first dump */
	bool traced, graph;
	double ruby;                       /* 3.1 */
	double limit;                      /* bytes of the cgroup or host, 0 unknown */
	uint64_t rev;                      /* hash of the revision of the application, 0 unknown */
	unsigned nclasses;                 /* job classes in use */
	const char *classes[VERDICT_CLASSES]; /* their names, borrowed */
	/* the state; time runs in marks: mark 0 is the first dump */
	size_t nmarks, ndumps;
	uint32_t no[VERDICT_MARKS];        /* number of the mark */
	uint32_t dump[VERDICT_MARKS];      /* number of the dump that it is, or that comes next */
	double x[VERDICT_MARKS], t[VERDICT_MARKS]; /* jobs (unwrapped), seconds since the first dump */
	double gc[VERDICT_MARKS];          /* GC count, never falling */
	double bx[VERDICT_MARKS];          /* jobs at the last GC run before the mark: births up to the mark are those until then */
	double mix[VERDICT_MARKS][VERDICT_CLASSES];
	uint32_t bound[VERDICT_BOUNDS], nbound, unit;    /* segments of births: indices of marks; unit: marks in one */
	uint32_t lbound[VERDICT_BOUNDS], nlbound, lunit; /* segments of levels, in numbers of dumps */
	uint32_t oldbound[VERDICT_BOUNDS], noldbound, oldcut;
	uint32_t e0, cut;                  /* first mark of this epoch; mark up to which births are mature */
	uint32_t before;                   /* mark of the dump before the last */
	uint64_t major;                    /* of the last dump; and of the one before */
	uint64_t major_before;
	bool have_last, moved, epoch, lmerged;
	struct verdict_dump last;
	double off, offmix[VERDICT_CLASSES];
	struct verdict_unit frozen[VERDICT_FROZEN]; /* of earlier epochs; s unused */
	unsigned nfrozen, frozen_kept;     /* kept: how many of them are from before the last freeze */
	/* RSS where it stood least over the heap's high water, by segment of levels, with what lived in the heap then */
	struct { double rss, high, live; uint32_t at; } native[VERDICT_LEVELS];
	uint32_t nnative;
	double rss, high;                  /* of the last dump: RSS, heap high water */
	double oldmalloc_first, oldmalloc_most; /* at the first dump, and the most at any */
	struct verdict_lows slots, old;    /* live slots, old objects, at dumps since whose predecessor a major GC ran */
	double slots_now, old_now;
	struct verdict_lows dead;          /* unreachable objects that may wait for a major GC */
	uint32_t last_major;               /* number of the last dump before which one ran; 0: none since the first */
};

/* Objects born after the mark before this one, and up to it (of both: up to the GC run before). */
struct verdict_birth {
	double n;
	uint32_t mark;
};

/* Small, since there are tens of thousands and each dump goes through all: what only some have is a pointer. */
struct verdict_key {
	float prev[VERDICT_BOUNDS];        /* births by segment at the last dump; untraced: [0] = objects */
	float released, exposed, oldest;   /* D, E, A of the specification */
	unsigned nfrozen;
	float *frozen;                     /* of earlier epochs, owned: nfrozen of the process; < 0: not proven */
	struct verdict_lows *lows;         /* of levels, owned; NULL: none yet */
	bool has_prev, fresh;
	/* the newest row */
	bool born;                         /* births are known */
	uint32_t nbirths;
	const struct verdict_birth *births; /* as in the row, borrowed */
	double n, b, len;                  /* objects, bytes, entries of the container (-1: none) */
};

/* The row of a key in the dump just given to verdict_proc_update. */
struct verdict_row {
	double n, b, len;                  /* len -1: no container */
	bool born;                         /* births are known (traced) */
	uint32_t nbirths;
	const struct verdict_birth *births; /* rising by mark (0 = before the first dump), those of which there are none left out; the key
	                                    * borrows them until its next update: keep them until it is judged */
	double gone;                       /* estimate of objects of the last dump no longer there; -1 unknown */
};

void verdict_proc_init(struct verdict_proc *p);
void verdict_proc_done(struct verdict_proc *p);
/* Takes a dump. False: it changes nothing (torn, the same again, or right after the last one): no more calls for it. True: then, in
 * this order, verdict_key_freeze for every key if p->epoch, verdict_proc_advance, verdict_key_update for every key. */
bool verdict_proc_update(struct verdict_proc *p, const struct verdict_dump *d);
void verdict_proc_advance(struct verdict_proc *p);
/* The first kept mark whose number is `no` or more; nmarks when there is none. Births of a mark left out count at the next. */
size_t verdict_mark_at(const struct verdict_proc *p, uint32_t no);
/* The mark of the dump with this number, or the last kept one before it. */
size_t verdict_dump_mark(const struct verdict_proc *p, uint32_t dump);

void verdict_key_init(struct verdict_key *k);
/* Frees what it owns, not births, which are lent; it may only be begun again. */
void verdict_key_done(struct verdict_key *k);
/* A new epoch (compaction moved traced objects before Ruby 3.4): keeps what was known of k, and begins again. */
void verdict_key_freeze(const struct verdict_proc *p, struct verdict_key *k);
/* For a level not updated before, before its first update: it was `value` in all earlier dumps. */
void verdict_key_was(const struct verdict_proc *p, struct verdict_key *k, double value);
void verdict_key_update(const struct verdict_proc *p, struct verdict_key *k, const struct verdict_row *row);

/* What the evidence says of one key of one process. */
struct verdict_judged {
	bool by_births;                    /* else by levels */
	double evidence[STORIES]; /* log marginal likelihood, of births above that of the best story; -30 where a story does not apply */
	double kinds[KINDS];      /* log mean likelihood of the shapes of each kind, counted like the evidence */
	double survivors, hazard, rate, se, df; /* rate: objects (or entries) per job */
	unsigned m;                        /* segments */
	enum verdict_how how;
	unsigned how_arg;                  /* class index, or the segment it began in */
	bool still;                        /* what its objects are entries of has gained none in the run: they replace others */
	double late, tailed;               /* shares of the leak's evidence: it began in the middle of the run; it was more at first */
	unsigned nunits;
	double units[VERDICT_UNITS];       /* births or gains by segment */
	double more, more_jobs;            /* where it slows down: objects (entries) still to come, jobs until they are there; -1: not known */
};
/* False: nothing grows. */
bool verdict_judge(const struct verdict_proc *p, const struct verdict_key *k, struct verdict_judged *ret);

/* The slowest steady leak, in objects per job, that this process's history would show as one; 0 when it is still too short. Only
 * for traced processes: births are what it rests on. */
double verdict_detection_limit(const struct verdict_proc *p);

/* A key with its names; all borrowed. */
struct verdict_entry {
	uint32_t id;                       /* the caller's */
	const char *type, *klass, *site;   /* site: "file:line" or NULL */
	const char *const *path;           /* classes from a root, NULL without a graph */
	size_t npath;
	const char *const *labels;         /* by step of path, then of the key itself: how it is shown where more is known than the class
	                                    * (NULL: as it is); NULL: of none. For people: no part of what it is */
	bool stack;                        /* only a machine stack holds it */
	double one;                        /* length of the one of several containers that has most of what they contain; 0: there is none */
	struct verdict_key *key;
	const struct verdict_judged *judged; /* what was weighed before (m 0: nothing grows); NULL: weigh the key now */
};

struct verdict_life {
	struct verdict_proc *proc;
	struct verdict_entry *entries;     /* sorted by site, then id */
	size_t nentries;
};

enum { VERDICT_LIVES = 64 };

/* Is it a String, or several, weighed by bytes? */
bool verdict_is_text(const struct verdict_entry *e);

/* Keys of the same fingerprint in all lives, with one answer. */
struct verdict_fused {
	enum verdict_label label;
	double conf;                       /* 0..1 */
	const struct verdict_entry *entry; /* newest */
	const struct verdict_proc *proc;
	uint32_t *ids; size_t nids;        /* owned */
	double rate, low, high;            /* objects per job, 90 % interval */
	double size, hazard;               /* bytes of one */
	double posterior[STORIES];
	unsigned waits;                    /* as of verdict_waits: no leak for so many dumps more */
	double death, holder_odds, unseen_end; /* what the posterior of a leak was multiplied by, its odds by, and its odds divided by 1 + */
	double container_odds;             /* ... and what the odds of the confidence, since its container keeps its length; 1: it does not */
	struct verdict_judged judged;      /* of the newest life */
	unsigned lives;                    /* in which it grows */
	int line;                          /* index of the line it belongs to, -1 none */
	bool head;                         /* it is the head of that line */
};

struct verdict_line {
	enum verdict_label label;
	double conf;
	size_t top, head;                  /* indices of fused keys: the topmost, and the one that names the line */
	uint32_t *rows; size_t nrows;      /* ids of all its keys, sorted, owned */
	double obj_per_1000, bytes_per_1000, low, high, bytes_per_hour;
	double hours_to_limit[3];          /* at high, mid, low rate */
	bool has_limit;
};

/* What the heap as a whole stands at after major collections. */
enum verdict_boundary_label { BOUNDARY_UNKNOWN, BOUNDARY_FLAT, BOUNDARY_SLOWING, BOUNDARY_RISING };
struct verdict_boundary {
	enum verdict_boundary_label label;
	double objects;                    /* lowest of the newest segment */
	double per_1000, low, high;        /* objects per 1000 jobs, 90 % interval */
};
const char *verdict_boundary_name(enum verdict_boundary_label l);
/* Of lows of the process: p->slots or p->old. Pure. */
void verdict_boundary(const struct verdict_proc *p, const struct verdict_lows *lows, struct verdict_boundary *ret);

enum verdict_native_label { NATIVE_NONE, NATIVE_LEARNING, NATIVE_EXPLAINED, NATIVE_SUSPECT, NATIVE_FRAGMENTATION, NATIVE_LEAK };
const char *verdict_native_name(enum verdict_native_label l);
struct verdict_native {
	enum verdict_native_label label;
	double conf, bytes_per_1000, low, high;
};

struct verdict {
	struct verdict_fused *fused; size_t nfused;
	struct verdict_line *lines; size_t nlines; /* most useful first */
	struct verdict_native native;
};

/* Is e below c, at any depth: does its path begin with c's path and then c's class? */
bool verdict_under(const struct verdict_entry *e, const struct verdict_entry *c);
/* Does it grow like a cache, and has it kept enough to be worth a line? */
bool verdict_is_bounded(const struct verdict_fused *f);
/* Bytes of what its rate counts: an object, an entry, a byte of a String. */
double verdict_unit_bytes(const struct verdict_fused *f);
/* What grows like a cache: a container and all that fills along with it are one. */
struct verdict_bounded {
	const struct verdict_fused *top, *head; /* the topmost key, and the one that names it */
	double pace;                       /* bytes per job */
};
/* Into *ret (room for v->nfused), which borrows from v. Returns how many. */
size_t verdict_bounded(const struct verdict *v, struct verdict_bounded *ret);

/* Weighs, fuses, folds and ranks. The result borrows from the lives; free with verdict_free. */
struct verdict *verdict_new(struct verdict_life *lives, size_t nlives);
void verdict_free(struct verdict *v);
