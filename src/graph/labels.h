/* Names that a person knows a step of a path by. SPDX-License-Identifier: BSD-2-Clause
 *
 * A signature is made of class names. What is more exact is drawn here, beside it, so that ids stay what they are:
 *	@cache -> Hash                       the instance variable, from SHAPE lines (Ruby 3.2 and later)
 *	constant Foo::REGISTRY -> Hash       a name that the gem sent with the dump (graph_name)
 *	proc at app/hooks.rb:12              a block by where it was made, in traced dumps
 * A label is given only where it holds for each reference that leads from the step above to this one. */
#pragma once

#include "graph/conclude.h"

struct labels;

/* Sets the signatures' labels. NULL without memory. holder[0 .. n).ref: ids whose own labels are asked for afterwards. */
struct labels *labels_new(struct conclusion *c, const struct top_row *holder, size_t n);
void labels_free(struct labels *l);
/* The text of holder i's own step as id of the summary's names; 0: it has none but that of its signature. */
uint32_t labels_holder(const struct labels *l, size_t i);
