"""Clients that no door should suffer from, as a program of its own: `python rude_clients.py PORT PATH SECONDS`.

Many at once: bodies that are too large, that never end, or that come a byte at a time; heads that never end; garbage;
connections that say nothing. It ends after so many seconds.
"""

import contextlib
import socket
import sys
import threading
import time

HEAD = "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n"


def too_large(connection: socket.socket, path: str) -> None:
    connection.sendall(HEAD.format(path=path, size=1 << 40).encode())
    while True:
        connection.sendall(b" " * 65536)


def chunks_without_end(connection: socket.socket, path: str) -> None:
    connection.sendall(f"POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode())
    while True:
        connection.sendall(b"1000\r\n" + b" " * 4096 + b"\r\n")


def a_byte_at_a_time(connection: socket.socket, path: str) -> None:
    connection.sendall(HEAD.format(path=path, size=1000).encode())
    while True:
        connection.sendall(b" ")
        time.sleep(0.2)


def a_head_without_end(connection: socket.socket, path: str) -> None:
    connection.sendall(f"POST {path} HTTP/1.1\r\n".encode())
    while True:
        connection.sendall(b"x: y\r\n")
        time.sleep(0.2)


def garbage(connection: socket.socket, path: str) -> None:
    connection.sendall(bytes(range(256)) * 16)
    connection.recv(1 << 16)
    time.sleep(0.02)


def not_json(connection: socket.socket, path: str) -> None:
    connection.sendall(HEAD.format(path=path, size=8).encode() + b"\xff{[\x00\x01}}\n")
    connection.recv(1 << 16)
    time.sleep(0.02)


def silence(connection: socket.socket, path: str) -> None:
    connection.recv(1)


KINDS = (too_large, chunks_without_end, a_byte_at_a_time, a_head_without_end, garbage, not_json, silence)


def act(kind, port: int, path: str, until: float) -> None:
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.settimeout(5)
            kind(connection, path)


if __name__ == "__main__":
    port, path, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    for kind in KINDS:
        for _ in range(2):
            threading.Thread(target=act, args=(kind, port, path, time.monotonic() + seconds), daemon=True).start()
    print("begun", flush=True)
    time.sleep(seconds)
