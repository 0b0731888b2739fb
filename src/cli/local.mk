# src/cli: hdactl.
libhda_a_SOURCES += \
	src/cli/args.c src/cli/args.h src/cli/options.def \
	src/cli/cli.c src/cli/run.h \
	src/cli/client.c src/cli/client.h \
	src/cli/commands.c src/cli/commands.h \
	src/cli/exit.c src/cli/exit.h \
	src/cli/files.c \
	src/cli/help.c src/cli/help.h \
	src/cli/holders.c \
	src/cli/human.c src/cli/human.h \
	src/cli/import.c \
	src/cli/input.c src/cli/input.h src/cli/input_list.c src/cli/window.c src/cli/window.h \
	src/cli/json.c src/cli/json.h \
	src/cli/leaks.c src/cli/leaks.h src/cli/leaks_line.c src/cli/ack.c src/cli/ci.c src/cli/explain.c src/cli/jsonin.c src/cli/jsonin.h \
	src/cli/plot.c src/cli/plot.h src/cli/verdict.c src/cli/verdict.h \
	src/cli/progress.c src/cli/progress.h \
	src/cli/reader.c src/cli/reader.h \
	src/cli/remote.c src/cli/remote.h \
	src/cli/report.c src/cli/report.h \
	src/cli/table.c src/cli/table.h src/cli/columns.def \
	src/cli/text.c src/cli/text.h \
	src/cli/show.c src/cli/status.c src/cli/top.c src/cli/trend.c \
	src/cli/watch.c
bin_PROGRAMS += hdactl
hdactl_SOURCES = src/cli/main.c
dist_man_MANS += doc/hdactl.1
