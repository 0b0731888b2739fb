/* Assertions that stay on in release builds. SPDX-License-Identifier: BSD-2-Clause
 *
 * For bugs of ours only: never on what a peer, a file or the environment says. */
#pragma once

/* Prints place and condition to stderr (level <0> for the journal) and aborts. Any thread. */
_Noreturn void hda_assert_failed(const char *what, const char *file, int line, const char *func);

#define HDA_ASSERT(cond)                                                                           \
	do {                                                                                       \
		if (__builtin_expect(!(cond), 0))                                                  \
			hda_assert_failed(#cond, __FILE__, __LINE__, __func__);                    \
	} while (0)
