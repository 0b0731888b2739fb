/* Prints from the tables what the documents say. SPDX-License-Identifier: BSD-2-Clause
 *
 * tables sample > contrib/systemd/hda.conf; tables man, counters, events: the parts of doc/hda.conf.5 and doc/hdad.8 between
 * their markers. tests/integration/hdad_docs.sh fails when they differ. */
#include <stdio.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/stats.h"

static void sample(void)
{
	const char *section = "";
	printf("# hda.conf: every option with its default. An option that stays commented out keeps its default.\n"
	       "# Check with: hdad --check-config -c /etc/hda/hda.conf    Take over with: systemctl reload hdad\n"
	       "# Units: K M G T for bytes; ms s m h d for times. (restart) marks what a reload does not change.\n");
	for (int i = 0; i < CFG_N; i++) {
		const struct config_row *r = &config_rows[i];
		if (strcmp(section, r->section) != 0)
			printf("\n[%s]\n", section = r->section);
		printf("\n# %s.\n# %s, %s to %s%s\n#%s = %s\n", r->text, config_unit(r->kind), r->lo, r->hi,
		    r->reloadable ? "" : " (restart)", r->name, r->def);
	}
}

static void man(void)
{
	const char *section = "";
	for (int i = 0; i < CFG_N; i++) {
		const struct config_row *r = &config_rows[i];
		if (strcmp(section, r->section) != 0) {
			if (*section)
				printf(".El\n");
			printf(".Ss [%s]\n.Bl -tag -width Ds\n", section = r->section);
		}
		printf(".It Ic %s No = Ar %s\n%s.\nUnit: %s.\nFrom %s to %s.\n%s", r->name, r->def, r->text, config_unit(r->kind), r->lo,
		    r->hi, r->reloadable ? "" : "Needs a restart.\n");
	}
	printf(".El\n");
}

static void counters(void)
{
	printf(".Bl -tag -width Ds -compact\n");
	for (int i = 0; i < STAT_N; i++)
		printf(".It %s\n%s%s.\n", stat_rows[i].name, stat_rows[i].text, strcmp(stat_rows[i].kind, "GAUGE") ? "" : " (now)");
	printf(".El\n");
}

static void events(void)
{
	printf(".Bl -tag -width Ds -compact\n");
#define X(id, level, text) printf(".It %s Pq %d\n%s.\n", #id, level, text);
#include "daemon/log.def"
#undef X
	printf(".El\n");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "sample"))
		sample();
	else if (argc == 2 && !strcmp(argv[1], "man"))
		man();
	else if (argc == 2 && !strcmp(argv[1], "counters"))
		counters();
	else if (argc == 2 && !strcmp(argv[1], "events"))
		events();
	else
		return 2;
	return 0;
}
