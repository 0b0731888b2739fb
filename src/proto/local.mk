# src/proto: bodies of messages; the only user of msgpack.h.
libhda_a_SOURCES += \
	src/proto/header.c src/proto/header.h
