# src/graph: sources of this stage.
libhda_a_SOURCES += src/graph/graph.h
