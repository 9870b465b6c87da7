"""What other programs' own files say, as zones, local records and settings of Resolute; one file a program."""
