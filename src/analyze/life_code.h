/* A life as bytes. SPDX-License-Identifier: BSD-2-Clause Private to src/analyze/life*.c. */
#pragma once

#include "analyze/life_impl.h"

/* Four bytes; not finite is an error. */
void code_f32(struct enc *e, double v);
double as_f32(double v); /* what code_f32 leaves of it */
float decode_f32(struct dec *d);
void lows_encode(const struct verdict_lows *l, unsigned shift, struct enc *e);
void lows_decode(struct dec *d, unsigned shift, struct verdict_lows *l);
/* False: damaged, or of another dump than the head. */
bool life_decode_rows(struct life *l, struct span rows);
