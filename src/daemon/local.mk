# src/daemon: hdad, and the pipeline that hdactl shares.
libhda_a_SOURCES += \
	src/daemon/pipeline.c src/daemon/pipeline.h \
	src/daemon/accept.c \
	src/daemon/admin.c src/daemon/admin.h \
	src/daemon/answer.c src/daemon/answer.h \
	src/daemon/acks.c src/daemon/acks.h \
	src/daemon/commands.c \
	src/daemon/config.c src/daemon/config.h src/daemon/config.def \
	src/daemon/gems.c \
	src/daemon/hdad.c src/daemon/hdad.h \
	src/daemon/hello.c src/daemon/hello.h \
	src/daemon/host.c src/daemon/host.h \
	src/daemon/ingest.c \
	src/daemon/lease.h \
	src/daemon/log.c src/daemon/log.h src/daemon/log.def \
	src/daemon/querier.c src/daemon/querier.h \
	src/daemon/stats.c src/daemon/stats.h src/daemon/stats.def \
	src/daemon/storer.c src/daemon/verdicts.c src/daemon/verdicts.h \
	src/daemon/systemd.c src/daemon/systemd.h \
	src/daemon/thread.c src/daemon/thread.h \
	src/daemon/watch.c \
	src/daemon/worker.c
sbin_PROGRAMS += hdad
hdad_SOURCES = src/daemon/main.c
dist_man_MANS += doc/hdad.8 doc/hda.conf.5
