# src/scan: bytes of a dump to objects.
libhda_a_SOURCES += \
	src/scan/heap_obj.h \
	src/scan/record.c \
	src/scan/sample.c \
	src/scan/scan_impl.h \
	src/scan/scan_plain.c \
	src/scan/scanner.c \
	src/scan/scanner.h \
	src/scan/text.c \
	src/scan/value_hash.c \
	src/scan/value_hash.h
