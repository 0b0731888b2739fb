# src/base: what every stage uses; libc (and xxhash) only.
libhda_a_SOURCES += \
	src/base/arena.c src/base/arena.h \
	src/base/assert.c src/base/assert.h \
	src/base/cursor.c src/base/cursor.h \
	src/base/err.c src/base/err.h \
	src/base/first.c src/base/first.h \
	src/base/gem.c src/base/gem.h \
	src/base/heartbeat.h \
	src/base/inbox.c src/base/inbox.h \
	src/base/mem.c src/base/mem.h \
	src/base/span.h \
	src/base/strtab.c src/base/strtab.h \
	src/base/thread.c src/base/thread.h \
	src/base/u64map.c src/base/u64map.h
