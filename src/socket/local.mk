# src/socket: listeners and sessions.
libhda_a_SOURCES += \
	src/socket/listener.c src/socket/listener.h \
	src/socket/session.c src/socket/session.h
