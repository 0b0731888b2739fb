# src/socket: sources of this stage.
