"""Names and record data: presentation form, wire form, and dnspython's objects between them. No I/O."""
