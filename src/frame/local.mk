# src/frame: a byte stream to frames.
libhda_a_SOURCES += \
	src/frame/frame.c src/frame/frame.h \
	src/frame/raw.c src/frame/raw.h
