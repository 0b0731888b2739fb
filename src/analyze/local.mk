# src/analyze: sources of this stage.
libhda_a_SOURCES += \
	src/analyze/verdict.h src/analyze/verdict_impl.h src/analyze/verdict_fold.h src/analyze/verdict_fuse.h src/analyze/four.h \
	src/analyze/verdict_time.c src/analyze/verdict_lows.c src/analyze/verdict_bound.c src/analyze/verdict_bounded.c src/analyze/verdict_boundary.c src/analyze/verdict_waits.c src/analyze/verdict_state.c src/analyze/verdict_shapes.c src/analyze/verdict_counted.c src/analyze/verdict_pause.c src/analyze/verdict_levels.c \
	src/analyze/life.c src/analyze/life.h src/analyze/life_impl.h src/analyze/life_code.c src/analyze/life_dump.c src/analyze/life_code.h src/analyze/life_head.c src/analyze/life_weigh.c src/analyze/verdict_judge.c src/analyze/verdict_fold.c src/analyze/verdict_fuse.c src/analyze/verdict_lines.c
libhda_a_SOURCES += \
	src/analyze/fit.c src/analyze/bound.h src/analyze/fit.h src/analyze/diff.c src/analyze/diff.h src/analyze/diff_join.c src/analyze/diff_join.h \
	src/analyze/slope.c src/analyze/slope.h \
	src/analyze/top.c src/analyze/top.h \
	src/analyze/history.c src/analyze/history.h src/analyze/trend.c src/analyze/trend.h src/analyze/trend_finish.c
libhda_a_SOURCES += src/analyze/cohort.c src/analyze/cohort.h
