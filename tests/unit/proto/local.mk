# tests/unit/proto: one cmocka program a module of src/proto.
