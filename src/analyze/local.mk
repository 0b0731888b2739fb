# src/analyze: sources of this stage.
libhda_a_SOURCES += \
	src/analyze/verdict.h src/analyze/verdict_impl.h src/analyze/verdict_fuse.h \
	src/analyze/verdict_time.c src/analyze/verdict_state.c src/analyze/verdict_shapes.c src/analyze/verdict_levels.c \
	src/analyze/verdict_judge.c src/analyze/verdict_fuse.c src/analyze/verdict_lines.c
