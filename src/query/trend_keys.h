/* A trend from the keys of many dumps. SPDX-License-Identifier: BSD-2-Clause Private to src/query/. */
#pragma once

#include "analyze/trend.h"
#include "query/run.h"

/* Adds n dumps (of one process, in order of time, their ids rising; all that t was made for) to a trend that is a sum over keys, from
 * what the store lends. most: series that will be shown, SIZE_MAX for all. Of many dumps another thread, which ends before this returns,
 * adds half. -ENOTSUP: the store cannot, and nothing was added. Other errors are the store's; r has failed where its deadline passed. */
HDA_MUST_CHECK int trend_keys(struct query_run *r, struct trend *t, const struct store_dump *d, size_t n, size_t most);
