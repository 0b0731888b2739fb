# src/scan: bytes of a dump to objects.
libhda_a_SOURCES += src/scan/heap_obj.h src/scan/scanner.h
