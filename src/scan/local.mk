# src/scan: bytes of a dump to objects.
libhda_a_SOURCES += \
	src/scan/heap_obj.h \
	src/scan/record.c \
	src/scan/sample.c \
	src/scan/scan_fast.h \
	src/scan/scan_impl.h \
	src/scan/scan_plain.c \
	src/scan/scan_simd.c \
	src/scan/scanner.c \
	src/scan/scanner.h \
	src/scan/simd_block.h \
	src/scan/simd_bulk.h \
	src/scan/simd_line.h \
	src/scan/text.c \
	src/scan/value_hash.c \
	src/scan/value_hash.h
EXTRA_DIST += src/scan/README.md
