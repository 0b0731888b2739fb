# src/proto: bodies of messages; the only user of msgpack.h.
libhda_a_SOURCES += \
	src/proto/begin.c \
	src/proto/fields.c src/proto/fields.h \
	src/proto/header.c src/proto/header.h \
	src/proto/message.c src/proto/message.h \
	src/proto/request.c src/proto/request.h \
	src/proto/rows.c src/proto/rows.h \
	src/proto/value.h \
	src/proto/walk.c src/proto/walk.h
dist_man_MANS += doc/hda-protocol.7
