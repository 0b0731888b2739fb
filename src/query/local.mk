# src/query: sources of this stage.
libhda_a_SOURCES += src/query/query.h
