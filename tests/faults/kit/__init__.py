"""What the tests of faults share: questions, load that counts every query, upstreams that do as they are told."""
