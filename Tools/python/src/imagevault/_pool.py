"""HTTP/1.1 connections over one Unix socket, kept between requests."""

from __future__ import annotations

import http.client
import os
import select
import socket
import threading
import time

from ._wire import IDLE_CONNECTIONS, IDLE_SECONDS


class UnixConnection(http.client.HTTPConnection):
    """A connection to the vault."""

    #: Whatever the process sets for all connections: what is printed then has the headers.
    debuglevel = 0

    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("vault", timeout=timeout)
        self.path = path
        self.reused = False
        self.used_at = 0.0

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            sock.settimeout(self.timeout)
            sock.connect(self.path)
        except BaseException:
            sock.close()
            raise
        self.sock = sock

    def send_head(self) -> None:
        try:
            self.endheaders()
        except BaseException as error:
            # The frames in between have the head as it is sent: a report that shows variables would have the token.
            error.__traceback__ = None
            raise

    @property
    def is_quiet(self) -> bool:
        """Whether it is open and nothing came unasked: an end, or the rest of an answer."""
        if self.sock is None:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)


class Pool:
    """Idle connections, the newest first. Any thread may take and give back."""

    def __init__(self, path: str, timeout: float | None, idle: int = IDLE_CONNECTIONS) -> None:
        self._path = path
        self._timeout = timeout
        self._limit = idle
        self._idle: list[UnixConnection] = []
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._closed = False

    def take(self, fresh: bool = False) -> UnixConnection:
        """A connection for one request: an idle one that is still good, else a new one."""
        while not fresh and (connection := self._pop()) is not None:
            if time.monotonic() - connection.used_at < IDLE_SECONDS and connection.is_quiet:
                connection.reused = True
                return connection
            connection.close()
        if self._closed:
            raise RuntimeError("the vault client is closed")
        return UnixConnection(self._path, self._timeout)

    def give_back(self, connection: UnixConnection) -> None:
        """Keeps a connection whose answer was read to its end."""
        connection.used_at = time.monotonic()
        with self._lock:
            if not self._closed and self._process == os.getpid() and len(self._idle) < self._limit:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _pop(self) -> UnixConnection | None:
        with self._lock:
            if self._process != os.getpid():
                # After a fork the connections are the parent's: only this copy is closed.
                self._process = os.getpid()
                for inherited in self._idle:
                    inherited.close()
                self._idle = []
            return self._idle.pop() if self._idle else None
