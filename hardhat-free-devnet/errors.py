"""What the devnet answers when it cannot do what was asked.

Error tree:

* DevnetError                 the process cannot start or go on; one sentence for the person at the terminal
* RpcError                    an answer to one request: `code`, message and optional `data`
  - ParseError        -32700  the body is not JSON
  - InvalidRequest    -32600  JSON, but not a JSON-RPC 2.0 request
  - MethodNotFound    -32601
  - NotificationsUnsupported  the same code: a subscription over HTTP
  - InvalidParams     -32602
  - InternalError     -32603  a fault of the devnet itself
  - ServerError       -32000  the chain has no such thing, or cannot do it
    + TransactionRejected     a transaction the pool refuses; worded as geth words it, so that clients recognise it
  - ResponseTooLarge  -32003  the rest of a batch whose answers are too long
  - LimitExceeded     -32005  the answer is too long: ask for less
  - ExecutionReverted      3  the code reverted; `data` is what it returned, for custom errors

Codes: https://www.jsonrpc.org/specification#error_object, and geth for -32000 and 3.
"""

from __future__ import annotations


class DevnetError(Exception):
    """The devnet cannot start; the message is one sentence."""


class RpcError(Exception):
    """An error answer to one JSON-RPC request."""

    code = -32603

    def __init__(self, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data

    def to_json(self) -> dict[str, object]:
        """The `error` member of the answer."""
        answer: dict[str, object] = {"code": self.code, "message": self.message}
        if self.data is not None:
            answer["data"] = self.data
        return answer


class ParseError(RpcError):
    """The body is not JSON."""

    code = -32700


class InvalidRequest(RpcError):
    """The body is JSON but not a request."""

    code = -32600


class MethodNotFound(RpcError):
    """The devnet has no such method."""

    code = -32601

    def __init__(self, method: str) -> None:
        super().__init__(f"the method {method[:80]} does not exist/is not available")
        self.method = method


class NotificationsUnsupported(RpcError):
    """Subscriptions need a connection on which the devnet can speak first."""

    code = -32601

    def __init__(self) -> None:
        super().__init__("notifications not supported: connect over WebSocket, at the same address")


class InvalidParams(RpcError):
    """A parameter is missing, superfluous or malformed."""

    code = -32602


class InternalError(RpcError):
    """The devnet itself is at fault."""

    code = -32603


class ServerError(RpcError):
    """The chain does not have, or cannot do, what was asked."""

    code = -32000


class TransactionRejected(ServerError):
    """The pool refuses a transaction."""


class ResponseTooLarge(RpcError):
    """Earlier answers of the batch have used up what a response may hold."""

    code = -32003


class LimitExceeded(RpcError):
    """The answer would be longer than an answer may be."""

    code = -32005


class ExecutionReverted(RpcError):
    """The called code reverted with `data` (0x-prefixed; `0x` when it said nothing)."""

    code = 3
