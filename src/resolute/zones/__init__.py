"""What this server answers itself: zone files, hosts files and local records, and how they are followed."""
