# src/reduce: objects to tallies.
libhda_a_SOURCES += \
	src/reduce/classes.c src/reduce/classes.h \
	src/reduce/dupstr.c src/reduce/dupstr.h src/reduce/dupstr_finish.c \
	src/reduce/finish.c src/reduce/finish_gens.c src/reduce/from_scan.c \
	src/reduce/gentab.c src/reduce/gentab.h \
	src/reduce/internal.h \
	src/reduce/merge.c \
	src/reduce/names.c src/reduce/names.h \
	src/reduce/reducer.c src/reduce/reducer.h \
	src/reduce/summary.c src/reduce/summary.h \
	src/reduce/tops.c src/reduce/tops.h
