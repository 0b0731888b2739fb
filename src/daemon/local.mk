# src/daemon: sources of this stage.
libhda_a_SOURCES += src/daemon/pipeline.c src/daemon/pipeline.h
