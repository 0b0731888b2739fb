/* Questions to the host: processors, memory. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

/* Processors this process may use, at least 1. */
uint64_t host_cpus(void);
/* Bytes of memory this process may use: the least of the host's, and of the limits of its control groups (v2 and v1) as far
 * as they can be read (ProcSubset=pid hides nothing that is needed here). At least 64 MiB. */
uint64_t host_memory(void);
/* Bytes of memory of the host, 0 when unknown. */
uint64_t host_total_memory(void);
/* Milliseconds of the monotonic clock. */
uint64_t host_mono_ms(void);
/* Microseconds of the monotonic clock. */
uint64_t host_mono_us(void);
/* Seconds since 1970. */
double host_now(void);
/* Resident bytes of this process, 0 when unknown. */
uint64_t host_rss(void);
/* Gives freed memory back to the system, where the C library can. */
void host_trim(void);
