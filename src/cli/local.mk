# src/cli: sources of this stage.
libhda_a_SOURCES += src/cli/client.c src/cli/client.h
libhda_a_SOURCES += src/cli/input.c src/cli/input.h src/cli/input_list.c
