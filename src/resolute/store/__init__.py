"""What must survive a restart: local records, who changed what, and the revision that nodes follow."""
