"""Questions over connections: TCP, TLS, HTTPS and QUIC. Loaded when such an upstream is configured."""
