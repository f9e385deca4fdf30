"""A server that can be taken away and given back: a TCP forwarder in front of the real one."""

import socket
import threading
from types import TracebackType
from typing import Self


class Severable:
    def __init__(self, host: str, port: int, *, severed: bool = False) -> None:
        self._target = (host, port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._severed = severed
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.refused = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def sever(self) -> None:
        """Breaks what is connected; whoever connects again is turned away, which sets `refused`."""
        with self._lock:
            self._severed = True
            self.refused.clear()
            for end in self._open:
                end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def restore(self) -> None:
        with self._lock:
            self._severed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.sever()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._severed:
                    client.close()
                    self.refused.set()
                    continue
                server = socket.create_connection(self._target)
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while received := source.recv(65536):
                sink.sendall(received)
        except OSError:
            pass
        with self._lock:
            for end in (source, sink):
                self._open.discard(end)
                end.close()
