/* The commands of hdactl. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/verdict.h"
#include "base/mem.h"
#include "cli/run.h"

/* Up to twelve options by their ids; unused places are 0, which ends the list. */
#define ID(x) (OPT_ID_##x + 1)
#define OPTS(...) ((const uint8_t[]){__VA_ARGS__, 0})
#define EXAMPLES(...) ((const char *const[]){__VA_ARGS__, NULL})

#define KEY_COLUMNS "bytes count garbage_bytes:GARBAGE retained type class site gem types"

static const struct command commands[] = {
	{"status", WORDS_NONE, WHERE_LIVE, OPTS(0), "the daemon: health, store, what it does now", NULL, EXAMPLES("hdactl status"), NULL,
	    run_status},
	{"ps", WORDS_NONE, WHERE_QUERY, OPTS(ID(PID)),
	    "the processes that have sent dumps, the latest first, and those that are connected and have not dumped yet",
	    "STATE is that of a connected process: idle, tracing, dumping, postponed (its own limits), refused (the daemon said later), "
	    "backoff, off, silent.",
	    EXAMPLES("hdactl ps", "hdactl -f /var/tmp/dumps ps"),
	    "pid app ruby dumps partial jobs age_s:LAST bytes:HEAP rss bytes_per_hour:GROWTH/H verdict! confidence:SURE where state why", NULL},
	{"dumps", WORDS_NONE, WHERE_QUERY, OPTS(ID(PID), ID(ALL)), "the dumps of each process in their order", NULL,
	    EXAMPLES("hdactl dumps --pid 4121", "hdactl dumps --all"),
	    "dump pid counter time took_s objects bytes:HEAP garbage_bytes:GARBAGE rss traced note source", NULL},
	{"show", WORDS_DUMP, WHERE_QUERY, OPTS(ID(PID), ID(TIME), ID(COUNTER)), "one dump at a glance: totals, types, holders, roots", NULL,
	    EXAMPLES("hdactl show", "hdactl show 4121@13000", "hdactl -f heap-4121-1479820044-7000.dump show"),
	    "totals= name count bytes; types= type count bytes share# count_change:SINCE bytes_change; "
	    "holders=largest%holders name retained retained_objects:OBJECTS share count_change:OBJECTS%SINCE; "
	    "roots= name:ROOT count:LINES references; bad_lines=bad%lines name:LINE", run_show},
	{"top", WORDS_DUMP, WHERE_QUERY,
	    OPTS(ID(BY), ID(SORT), ID(GENERATION), ID(TYPE), ID(CLASS), ID(N), ID(PID), ID(TIME), ID(COUNTER)),
	    "the largest groups of a dump: types, classes, sites, gems, keys or objects",
	    "--by type|class|site|gem|key|object, --sort bytes|count|retained|garbage (of objects bytes|retained). "
	    "Sites are known of traced dumps only.",
	    EXAMPLES("hdactl top --by site", "hdactl top 214 --by key -n 0 --json", "hdactl -f old.dump.zst top --by class --sort count"),
	    "address " KEY_COLUMNS " length references retained_objects:KEEPS", run_top},
	{"generations", WORDS_DUMP, WHERE_QUERY, OPTS(ID(N), ID(PID), ID(TIME), ID(COUNTER)),
	    "objects by the GC run during which they were born",
	    "Needs a dump that was written with allocation tracing.", EXAMPLES("hdactl generations 4121", "hdactl generations last --json"),
	    "generation:GEN count bytes share#", NULL},
	{"generation", WORDS_GENERATION, WHERE_QUERY, OPTS(ID(N), ID(PID), ID(TIME), ID(COUNTER)),
	    "one generation: sites by memory and by count, types, most referencing objects, duplicate strings", NULL,
	    EXAMPLES("hdactl generation 120", "hdactl generation 4121@13000 120"),
	    "sites by bytes=sites%by%memory bytes count type class site; sites by count=sites%by%count count bytes type class site; "
	    "types=types type count bytes; references=most%referencing references bytes type class site address; "
	    "strings=duplicate%strings count:COPIES wasted bytes length value sites", NULL},
	{"strings", WORDS_DUMP, WHERE_QUERY, OPTS(ID(N), ID(PID), ID(TIME), ID(COUNTER)), "strings with equal contents",
	    "Contents are known by a keyed hash; they are shown only where the daemon keeps values.", EXAMPLES("hdactl strings 214 -n 50"),
	    "count:COPIES wasted bytes length generation:NEWEST%GEN value sites", NULL},
	{"refs", WORDS_DUMP, WHERE_QUERY, OPTS(ID(N), ID(PID), ID(TIME), ID(COUNTER)), "objects with most references, out and in", NULL,
	    EXAMPLES("hdactl refs last"),
	    "referencing=most%referencing references length bytes type class site generation:GEN address; "
	    "referenced=most%referenced references bytes type class site generation:GEN address", NULL},
	{"holders", WORDS_DUMP, WHERE_QUERY,
	    OPTS(ID(CLASS), ID(SITE), ID(DEPTH), ID(N), ID(FOLDED), ID(DOT), ID(PID), ID(TIME), ID(COUNTER)),
	    "who keeps objects alive, as a tree of merged paths", "--folded feeds flame graph tools, --dot Graphviz.",
	    EXAMPLES("hdactl holders 214 --class String", "hdactl holders --folded | flamegraph.pl > heap.svg",
	    "hdactl holders --dot | dot -Tsvg > heap.svg"),
	    NULL, run_holders},
	{"path", WORDS_PATH, WHERE_QUERY, OPTS(ID(CLASS), ID(SITE), ID(KEY), ID(N), ID(PID), ID(TIME), ID(COUNTER)),
	    "the way from a root to an object, a class or a site", "An address (0x...) needs the dump itself: -f FILE.",
	    EXAMPLES("hdactl path --class Order", "hdactl -f old.dump path 0x7f12a4c8"),
	    "steps= step address retained retained_objects:OBJECTS share bytes length:ENTRIES site name:OBJECT; "
	    "paths= count bytes share retained retained_objects:OBJECTS class type site depth path id", NULL},
	{"containers", WORDS_DUMP, WHERE_QUERY, OPTS(ID(N), ID(PID), ID(TIME), ID(COUNTER)),
	    "the arrays, hashes and chains with many entries, by what they retain", NULL,
	    EXAMPLES("hdactl containers 214"), "length:ENTRIES retained retained_objects:OBJECTS type class site name:HELD%BY", NULL},
	{"diff", WORDS_DUMPS, WHERE_QUERY, OPTS(ID(N)), "objects absent from the earliest dump and present in all others",
	    "Says which identity it used: allocation generation (exact), address (a hint), or counts.",
	    EXAMPLES("hdactl diff 4121@11000 4121@12000 4121@13000", "hdactl -f before.dump -f after.dump diff first last"),
	    "objects= count bytes type class site generation:GEN generation_min:FROM generation_max:TO count_low:LOW count_high:HIGH identity; "
	    "holders=holders retained_change&:RETAINED retained_objects_change~:OBJECTS name:HOLDER path; "
	    "containers=containers length_change~:ENTRIES name:CONTAINER path", NULL},
	{"trend", WORDS_NONE, WHERE_QUERY, OPTS(ID(PID), ID(BY), ID(METRIC), ID(LAST), ID(N), ID(PLOT), ID(PLOT_ALL)),
	    "series over the dumps of a process",
	    "--by type|class|site|string|data|holder|container|retained-class, --metric count|bytes. VERDICT is what leaks says of it. "
	    "gnuplot draws --plot and --plot-all, with the fitted line and, dashed, the forecast.",
	    EXAMPLES("hdactl trend --pid 4121 --by holder", "hdactl trend --pid 4121 --by type --plot types.svg",
	    "hdactl -f DIR trend --plot-all graphs"),
	    NULL, run_trend},
	{"leaks", WORDS_NONE, WHERE_QUERY, OPTS(ID(PID), ID(APP), ID(ALL), ID(MIN_CONFIDENCE), ID(LABEL), ID(EXPLAIN), ID(ACK), ID(UNACK),
	    ID(UNTIL), ID(NOTE), ID(CI)),
	    "what leaks, where it is allocated, who holds it, how fast, how sure",
	    "--ack and --unack ask the control socket: for root or the user of hdad.",
	    EXAMPLES("hdactl leaks --pid 4121", "hdactl leaks --explain 9c41e7",
	    "hdactl leaks --ack 9c41e7 --until 2026-12-24 --note \"ticket 311\"",
	        "hdactl leaks --json > known.json; hdactl leaks --ci known.json"), NULL, run_leaks},
	{"import", WORDS_FILES, WHERE_LOCAL, OPTS(ID(PID), ID(TIME), ID(COUNTER), ID(JOBS)), "send dump files to the daemon",
	    "Names of the form heap-PID-UNIXTIME-COUNTER.dump say what a file is; a file without a time in its name is refused "
	    "unless --time is given. A dump that is there already is not stored twice. Ctrl-C leaves whole dumps only.",
	    EXAMPLES("hdactl import /var/tmp/dumps", "hdactl import -j 2 *.dump.zst",
	    "hdactl import --time 1479820044 --pid 4121 strange.dump"), NULL, run_import},
	{"dump", WORDS_NONE, WHERE_CONTROL, OPTS(ID(PID), ID(WAIT), ID(TRACED)), "ask a process for a dump now",
	    "Needs --pid. The process obeys within its own limits, or says why not. "
	    "With --wait: how it goes, what it cost, and the dump at a glance.",
	    EXAMPLES("hdactl dump --pid 4121", "hdactl dump --pid 4121 --wait", "hdactl dump --pid 4121 --traced 120 --wait"), NULL,
	    run_dump_now},
	{"watch", WORDS_NONE, WHERE_LIVE, OPTS(ID(SINCE)), "a line for each event, until Ctrl-C",
	    "With --since first what happened from then on.",
	    EXAMPLES("hdactl watch", "hdactl watch --since today"), NULL, run_watch},
	{"config", WORDS_CONFIG, WHERE_LIVE, OPTS(ID(DEFAULT), ID(CHANGED), ID(NEEDS_RESTART)), "the daemon's options and their values",
	    "The words show, default, changed and needs-restart are taken as well as the options.",
	    EXAMPLES("hdactl config", "hdactl config --changed"),
	    "section name!:OPTION value default unit lowest highest changed reload text", NULL},
	{"reload", WORDS_NONE, WHERE_CONTROL, OPTS(0), "have the daemon read its configuration again, all or nothing", NULL,
	    EXAMPLES("hdactl reload"), NULL, NULL},
	{"backup", WORDS_DIR, WHERE_CONTROL, OPTS(0), "a compacted copy of the store into a new folder",
	    "DIR is a path of the daemon's own view; it must not exist.",
	    EXAMPLES("hdactl backup /var/backups/hda-2026-11-24"), NULL, NULL},
	{0},
};

const struct command *command_all(void)
{
	return commands;
}

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

bool command_takes(const struct command *c, enum opt_id id)
{
	for (const uint8_t *o = c->options; *o; o++)
		if (*o == id + 1)
			return true;
	return false;
}

static const struct {
	const char *text;
	size_t min, max;
} word_rows[] = {
	[WORDS_NONE] = {"", 0, 0},
	[WORDS_DUMP] = {"[DUMP]", 0, 1},
	[WORDS_DUMPS] = {"DUMP DUMP...", 2, SIZE_MAX},
	[WORDS_GENERATION] = {"[DUMP] G", 1, 2},
	[WORDS_PATH] = {"[DUMP] [ADDRESS]", 0, 2},
	[WORDS_FILES] = {"PATH...", 1, SIZE_MAX},
	[WORDS_DIR] = {"DIR", 1, 1},
	[WORDS_CONFIG] = {"[show]", 0, 2},
};

const char *command_words(enum words w)
{
	return word_rows[w].text;
}

/* A word of --label that no finding has would look like a clean bill of health. */
static int check_label(const char *label, char **ret_why)
{
	_cleanup_free_ char *all = xstrdup("");
	for (int l = VERDICT_LEAK; l >= VERDICT_SLOW; l--) {
		const char *name = verdict_label_name((enum verdict_label)l);
		if (strcmp(name, label) == 0)
			return 0;
		char *more = xasprintf("%s%s, ", all, name);
		free(all);
		all = more;
	}
	if (strcmp(label, "other") == 0)
		return 0;
	*ret_why = xasprintf("--label must be one of %sother, not \"%.60s\"", all, label);
	return HDA_EUSAGE;
}

/* What else the options of leaks must be. */
static int check_leaks(const struct args *a, char **ret_why)
{
	const struct opt_use *sure = args_use(a, OPT_ID_MIN_CONFIDENCE);
	const char *label = args_text(a, OPT_ID_LABEL);
	if (sure && sure->number > 100) {
		*ret_why = xasprintf("--min-confidence: %llu is more than 100 percent", (unsigned long long)sure->number);
		return HDA_EUSAGE;
	}
	if ((args_flag(a, OPT_ID_UNTIL) || args_flag(a, OPT_ID_NOTE)) && !args_flag(a, OPT_ID_ACK)) {
		*ret_why = xasprintf("--%s goes with --ack ID", args_flag(a, OPT_ID_UNTIL) ? "until" : "note");
		return HDA_EUSAGE;
	}
	return label ? check_label(label, ret_why) : 0;
}

int command_check(const struct command *c, const struct args *a, char **ret_why)
{
	size_t n = a->nwords - 1;
	for (size_t i = 0; i < a->nuses; i++) {
		const struct opt *o = a->uses[i].opt;
		if (o->global || command_takes(c, o->id))
			continue;
		*ret_why = xasprintf("%s takes no --%s; see hdactl %s --help", c->name, o->name, c->name);
		return HDA_EUSAGE;
	}
	if (n < word_rows[c->words].min || n > word_rows[c->words].max) {
		*ret_why = n > word_rows[c->words].max
		    ? xasprintf("%s: \"%.200s\" is one word too many; see hdactl %s --help", c->name, a->words[1 + word_rows[c->words].max],
		    c->name)
		    : xasprintf("%s needs %s; see hdactl %s --help", c->name, word_rows[c->words].text, c->name);
		return HDA_EUSAGE;
	}
	for (size_t i = 1; c->words == WORDS_CONFIG && i <= n; i++) {
		const struct opt *o = opt_find(a->words[i], strlen(a->words[i]));
		if (strcmp(a->words[i], "show") == 0 || (o && !o->global && command_takes(c, o->id)))
			continue;
		*ret_why = xasprintf("config: \"%.200s\" is none of show, default, changed, needs-restart", a->words[i]);
		return HDA_EUSAGE;
	}
	if (args_flag(a, OPT_ID_FILE) && c->where != WHERE_QUERY) {
		*ret_why = xasprintf("%s asks the daemon; it does not go with -f", c->name);
		return HDA_EUSAGE;
	}
	/* Unheeded, they would make another dump look like the one asked for. */
	if (c->where == WHERE_QUERY && !args_flag(a, OPT_ID_FILE) && (args_flag(a, OPT_ID_TIME) || args_flag(a, OPT_ID_COUNTER))) {
		*ret_why = xasprintf("--%s says what a file of -f is; a dump of the daemon is PID@COUNTER, or its id as hdactl dumps has it",
		    args_flag(a, OPT_ID_TIME) ? "time" : "counter");
		return HDA_EUSAGE;
	}
	if (strcmp(c->name, "dump") == 0 && !args_flag(a, OPT_ID_PID)) {
		*ret_why = xasprintf("dump needs --pid PID; hdactl ps lists the processes");
		return HDA_EUSAGE;
	}
	return strcmp(c->name, "leaks") == 0 ? check_leaks(a, ret_why) : 0;
}
