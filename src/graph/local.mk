# src/graph: who holds whom.
libhda_a_SOURCES += \
	src/graph/addrmap.c src/graph/addrmap.h \
	src/graph/conclude.c src/graph/conclude.h \
	src/graph/csr.c \
	src/graph/glog.c src/graph/glog.h \
	src/graph/gmem.c src/graph/gmem.h \
	src/graph/graph.c src/graph/graph.h src/graph/internal.h \
	src/graph/idval.c src/graph/idval.h \
	src/graph/top.c src/graph/top.h
EXTRA_DIST += src/graph/README.md
