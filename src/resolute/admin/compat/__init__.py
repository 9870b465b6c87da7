"""What other programs expect of a DNS server's HTTP port, so that they work with this one as they are."""
