/* Texts that fit: safe, shortened, drawn. SPDX-License-Identifier: BSD-2-Clause
 *
 * Every text that came from a dump passes text_safe before it reaches a terminal: a class name may hold any bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Valid UTF-8 without control characters, of characters that the locale has: all other bytes become \xHH (so no escape sequence survives).
 * New string; caller frees. */
char *text_safe(struct span s);
/* Length of the valid UTF-8 character at p (n bytes left), 0 when it is none. Pure. */
size_t text_utf8(const uint8_t *p, size_t n);
/* Columns that a UTF-8 text takes on a terminal. */
size_t text_width(const char *s);
/* Cuts to `width` columns: from the left (the end of a path says most) or from the right, the cut marked by an ellipsis. New string. */
char *text_cut_left(const char *s, size_t width, bool utf8);
char *text_cut_right(const char *s, size_t width, bool utf8);
/* "…/gems/activerecord-6.1.7/lib/active_record/statement_pool.rb" as "activerecord-6.1.7 …/statement_pool.rb"; the standard library's
 * lib/ruby/3.1.0/json/common.rb as "ruby-3.1.0 …/common.rb"; /srv/shop/releases/9/app/models/order.rb as "app/models/order.rb" (lib/ and
 * config/ alike); other absolute paths by their last TEXT_PATH_PARTS parts, "…/tests/integration/worker.rb". New string. */
enum { TEXT_PATH_PARTS = 3 };
char *text_short_path(const char *path, bool utf8);
/* One character a value, scaled from the lowest to the highest; at most `width` characters (values are then averaged by groups);
 * NAN leaves a gap. All equal: the lowest mark. New string. */
char *text_sparkline(const double *v, size_t n, size_t width, bool utf8);
/* The same scaled from zero, for shares of a whole: all equal are all full. New string. */
char *text_bars(const double *v, size_t n, size_t width, bool utf8);
/* share (0..1) of `width` #, rounded; at least one when share > 0.005. New string. */
char *text_bar(double share, size_t width);
