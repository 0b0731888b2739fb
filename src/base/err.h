/* Errors of the whole tree. SPDX-License-Identifier: BSD-2-Clause
 *
 * A function that can fail returns int: >= 0 is good, negative is -errno or one of enum hda_err.
 * Foreign codes (LMDB, msgpack, zlib ...) are translated at the border of the stage that calls them. */
#pragma once

#include <stdbool.h>

#define HDA_MUST_CHECK __attribute__((warn_unused_result))

/* X(name, number, text): the text is for people and stands in answers and in the journal. */
#define HDA_ERR_TABLE(X)                                                                           \
	X(EFORMAT, 1000, "malformed data")                                                         \
	X(ELIMIT, 1001, "over a limit")                                                            \
	X(EVERSION, 1002, "no common version")                                                     \
	X(EFOREIGN, 1003, "not one of our files")                                                  \
	X(EFULL, 1004, "the store is full")                                                        \
	X(ENOTFOUND, 1005, "not found")                                                            \
	X(EEXISTS, 1006, "already there")                                                          \
	X(EUSAGE, 1007, "wrong arguments")                                                         \
	X(EPARTIAL, 1008, "incomplete")                                                            \
	X(EREFUSED, 1009, "refused")                                                               \
	X(ECORRUPT, 1010, "the store is damaged")                                                  \
	X(ETIMEDOUT_, 1011, "deadline passed")

enum hda_err {
#define X(name, number, text) HDA_##name = -(number),
	HDA_ERR_TABLE(X)
#undef X
};

/* Is it that there is no room: in the store, on the disk, or in the quota? Any thread. */
bool hda_no_room(int err);
/* Text for an error code, ours or -errno; never NULL, static or thread-local storage. Any thread. */
const char *hda_strerror(int err);
