# src/query: a request to rows, one file a command.
libhda_a_SOURCES += \
	src/query/query.h src/query/query.c src/query/commands.h src/query/census.c src/query/census.h \
	src/query/run.h src/query/args.c src/query/rows.c src/query/select.c \
	src/query/trend_keys.c src/query/trend_keys.h src/query/trend_words.c src/query/trend_words.h src/query/ps.c src/query/dumps.c src/query/leaks.c src/query/series.c src/query/series.h src/query/series_id.c src/query/series_word.c src/query/show.c src/query/top.c \
	src/query/objects.c src/query/objects.h \
	src/query/generations.c src/query/generation.c src/query/strings.c src/query/refs.c \
	src/query/sigs.c src/query/sigs.h src/query/diff.c src/query/trend.c \
	src/query/holders.c src/query/containers.c src/query/path.c
EXTRA_DIST += src/query/README.md
libhda_a_SOURCES += src/query/leaks.h src/query/leaks_row.c src/query/ack.c src/query/ack.h src/query/explain.c src/query/explain.h src/query/explain_walk.c
