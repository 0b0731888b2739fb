# src/reduce: objects to tallies.
libhda_a_SOURCES += \
	src/reduce/reducer.h \
	src/reduce/summary.c src/reduce/summary.h
