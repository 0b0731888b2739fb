# src/store: sources of this stage.
libhda_a_SOURCES += \
	src/store/backend.h \
	src/store/copy.c src/store/copy.h \
	src/store/model.c src/store/model.h \
	src/store/ram.c \
	src/store/retain.c src/store/retain.h \
	src/store/store.c src/store/store.h
