"""DNS over TLS (RFC 7858): the stream of messages of TCP, in TLS, by the strict profile (RFC 8310 5).

The certificate is verified and bound to the name, or to the address where there is no name. ALPN `dot` is offered; a
server that knows no ALPN is one too.
"""

import ssl

from resolute.resolver.transports.place import Place
from resolute.resolver.transports.tcp import StreamConnection, open_stream

ALPN = "dot"


async def connect(place: Place, context: ssl.SSLContext) -> StreamConnection:
    """An open connection. Raises ExchangeError."""
    return await open_stream(StreamConnection, place, context)
