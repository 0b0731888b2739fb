# tests/unit/store: one cmocka program a module of src/store.
