# src/store: sources of this stage.
libhda_a_SOURCES += \
	src/store/backend.h \
	src/store/copy.c \
	src/store/copy.h \
	src/store/lmdb_backup.c \
	src/store/lmdb_base.c \
	src/store/lmdb_db.c \
	src/store/lmdb_dict.c \
	src/store/lmdb_env.c \
	src/store/lmdb_fs.c \
	src/store/lmdb_int.h \
	src/store/lmdb_keys.c \
	src/store/lmdb_memo.c \
	src/store/lmdb_parts.c \
	src/store/lmdb_retain.c \
	src/store/lmdb_rows.c \
	src/store/lmdb_use.c \
	src/store/lmdb_walk.c \
	src/store/lmdb_write.c \
	src/store/model.c \
	src/store/model.h \
	src/store/order.c \
	src/store/pack.c \
	src/store/pack.h \
	src/store/part_dups.c \
	src/store/part_edges.c \
	src/store/part_gens.c \
	src/store/part_head.c \
	src/store/part_holders.c \
	src/store/part_keys.c \
	src/store/part_keysigs.c \
	src/store/part_labels.c \
	src/store/part_objects.c \
	src/store/part_retained.c \
	src/store/part_sigs.c \
	src/store/part_trace.c \
	src/store/ram.c \
	src/store/record.c \
	src/store/record.h \
	src/store/retain.c \
	src/store/retain.h \
	src/store/store.c \
	src/store/store.h \
	src/store/table.c \
	src/store/table.h \
	src/store/table_read.c
EXTRA_DIST += src/store/README.md
