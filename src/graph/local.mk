# src/graph: who holds whom.
libhda_a_SOURCES += \
	src/graph/addrmap.c src/graph/addrmap.h \
	src/graph/conclude.c src/graph/conclude.h \
	src/graph/containers.c \
	src/graph/contents.c \
	src/graph/csr.c \
	src/graph/dead.c src/graph/dead.h \
	src/graph/dfs.c src/graph/dfs.h \
	src/graph/dom.c src/graph/dom.h \
	src/graph/glog.c src/graph/glog.h \
	src/graph/gmem.c src/graph/gmem.h \
	src/graph/gvec.c src/graph/gvec.h \
	src/graph/graph.c src/graph/graph.h src/graph/internal.h \
	src/graph/groups.c \
	src/graph/holders.c src/graph/keysigs.c \
	src/graph/idom.c src/graph/idom.h \
	src/graph/idval.c src/graph/idval.h \
	src/graph/labels.c src/graph/labels.h \
	src/graph/leaves.c src/graph/leaves.h \
	src/graph/reach.c \
	src/graph/shapes.c src/graph/shapes.h \
	src/graph/signatures.c \
	src/graph/sigtab.c src/graph/sigtab.h \
	src/graph/top.c src/graph/top.h \
	src/graph/trail.c src/graph/trail.h \
	src/graph/walk.c src/graph/walk.h
EXTRA_DIST += src/graph/README.md
