# tests/unit/socket: one cmocka program a module of src/socket.
