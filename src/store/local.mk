# src/store: sources of this stage.
libhda_a_SOURCES += src/store/store.h
