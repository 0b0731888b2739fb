/* File systems on which a memory-mapped store is not safe. SPDX-License-Identifier: BSD-2-Clause
 *
 * LMDB needs coherent shared mappings and working locks: not over a network, and not through FUSE, whose servers promise neither.
 * overlayfs is allowed: the file is opened for writing before it is mapped, so the mapping is of the upper file; most containers
 * have nothing else. */
#include "store/lmdb_int.h"

/* Magic numbers: statfs(2) and linux/magic.h. */
static const struct {
	unsigned long magic;
	const char *name;
} unsafe[] = {
    {0x6969, "NFS"},
    {0x517B, "SMB"},
    {0xFF534D42, "CIFS"},
    {0xFE534D42, "SMB2"},
    {0x65735546, "FUSE"},
    {0x01021997, "9P"},
    {0x5346414F, "AFS"},
    {0x6B414653, "AFS"},
    {0x00C36400, "Ceph"},
    {0x0BD00BD0, "Lustre"},
    {0x73757245, "Coda"},
    {0x564C, "NCP"},
    {0x01161970, "GFS2"},
    {0x7461636F, "OCFS2"},
};

const char *lmdb_unsafe_fs(unsigned long magic)
{
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(*unsafe); i++)
		if (unsafe[i].magic == (magic & 0xffffffff))
			return unsafe[i].name;
	return NULL;
}
