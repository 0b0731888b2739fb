# src/frame: sources of this stage.
