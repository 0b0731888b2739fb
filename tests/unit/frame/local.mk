# tests/unit/frame: one cmocka program a module of src/frame.
