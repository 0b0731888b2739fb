#!/usr/bin/env python3
"""notify.py SOCKET LOG: receives sd_notify datagrams and writes them to LOG, one line each, "time field field ...". """
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
with open(sys.argv[2], "a", buffering=1) as log:
    print("listening", file=log)
    while True:
        print(f"{time.monotonic():.3f}", s.recv(65536).decode().replace("\n", " | "), file=log)
