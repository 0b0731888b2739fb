/* hda: version of the store's schema. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#define HDA_SCHEMA_MAGIC "hda-store"
#define HDA_SCHEMA_MAJOR 1 /* another major: refuses to open, hdad migrate */
#define HDA_SCHEMA_MINOR 0 /* a higher minor can be read, not written, by an older hdad */
